"""Header fields of requests and answers. Pure."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any


def joined(ours: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Return the tracker's header fields, replaced by the given ones of the same name in any case."""
    names = {name.lower() for name in given}
    return {**{name: value for name, value in ours.items() if name.lower() not in names}, **given}


class Fields(Mapping[str, str]):
    """The fields of an answer, whose names have no case; a value is decoded when it is read."""

    __slots__ = ("raw",)

    def __init__(self) -> None:
        #: Values by name in small letters; those of one name are joined by commas (RFC 9110, section 5.3).
        self.raw: dict[bytes, bytes] = {}

    def __getitem__(self, name: str) -> str:
        return self.raw[_key(name)].decode("latin-1")

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _key(name) in self.raw

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self.raw)

    def __len__(self) -> int:
        return len(self.raw)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a field, or the default."""
        value = self.raw.get(_key(name))
        return default if value is None else value.decode("latin-1")


@lru_cache(maxsize=64)
def _key(name: str) -> bytes:
    return name.lower().encode("latin-1", "replace")
