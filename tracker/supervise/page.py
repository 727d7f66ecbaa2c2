"""The web server: whether its packages are installed, and its process."""

import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tracker.environment.history import HistorySettings
from tracker.environment.web import WebSettings, address_of
from tracker.supervise.processes import Command
from tracker.web.access import require_protection

NOT_INSTALLED: Final = (
    "the page needs packages that are not installed; install them with: pip install 'status-page-tracker[web]'"
)
_NEEDED: Final = ("fastapi", "uvicorn", "jinja2", "icalendar", "prometheus_client")


def is_installed() -> bool:
    """Return whether all that the page needs is installed."""
    return all(find_spec(name) is not None for name in _NEEDED)


def page_command(address: str, data_dir: Path, environ: Mapping[str, str]) -> Command:
    """Return the process that serves the page, once its settings are known to be right. Raises ConfigError."""
    settings = WebSettings.from_environment(environ)
    HistorySettings.from_environment(environ)
    require_protection(address_of(address)[0], settings)
    argv = [sys.executable, "-m", "tracker", "web", address, "--next-free", "--data-dir", str(data_dir)]
    return Command(name="page", argv=argv, environ=environ)
