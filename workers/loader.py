"""Makes Celery load modules only from where they are installed."""

from types import ModuleType
from typing import Any

from celery.loaders.app import AppLoader


class Loader(AppLoader):  # type: ignore[misc]
    """Celery's loader without its search in the working directory, which may be a folder of another project."""

    def import_from_cwd(self, module: str, imp: Any = None, package: str | None = None) -> ModuleType:
        """Import a module from where modules are installed."""
        imported: ModuleType = (imp or self.import_module)(module, package=package)
        return imported
