"""Header lines as libcurl hands them over. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tracker.errors import BadAnswer


class Headers(Mapping[str, str]):
    """Header fields by name in any case; values of one name are joined (RFC 9110, section 5.3)."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        """Read header lines without the status line. Raises BadAnswer."""
        self._fields: dict[str, str] = {}
        name = ""
        for line in lines:
            text = line.decode("latin-1").rstrip("\r\n")
            if text[:1] in (" ", "\t"):
                # A folded line (RFC 9112, section 5.2).
                if name:
                    self._fields[name] += f" {text.strip()}"
                continue
            name, colon, value = text.partition(":")
            name = name.lower()
            if not colon:
                raise BadAnswer("the answer has a header line without a colon")
            value = value.strip(" \t")
            self._fields[name] = f"{self._fields[name]}, {value}" if name in self._fields else value

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value or the default."""
        return self._fields.get(name.lower(), default)


def values(lines: Sequence[bytes], name: bytes) -> list[str]:
    """Return the values of a header, one for each line that has it."""
    return [line[len(name) :].decode("latin-1").strip() for line in lines if line[: len(name)].lower() == name]
