"""The platforms that a simulated page may run on, one module each: the vendor's side of `tracker.parse`."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules

from tracker.simulator.platform import Platform


def _declared() -> Iterator[Platform]:
    """Yield the platforms that modules of this package declare, those that many vendors use first."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = {each.name: each for module in modules for each in vars(module).values() if isinstance(each, Platform)}
    yield from sorted(found.values(), key=lambda platform: (platform.name not in _FIRST, platform.name))


_FIRST = ("statuspage", "incidentio")
#: Every platform by name.
PLATFORMS: Mapping[str, Platform] = {platform.name: platform for platform in _declared()}
