"""Formats that ship, written as a `[[format]]`: starting points for a user's own."""

from importlib.resources import files

from tracker.catalogue.mistakes import alternatives, quoted
from tracker.errors import ConfigError


def names() -> tuple[str, ...]:
    """Return the names of the examples."""
    shipped = (file.name for file in files(__package__).iterdir())
    return tuple(sorted(file.removesuffix(".toml") for file in shipped if file.endswith(".toml")))


def example(name: str) -> str:
    """Return an example, as TOML. Raises ConfigError when there is none of that name."""
    if name not in names():
        raise ConfigError(f"there is no example {quoted(name)}; {alternatives(name, names())}")
    return files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
