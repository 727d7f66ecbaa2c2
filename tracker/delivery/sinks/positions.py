"""How far each webhook is, in a file beside the record, for a data server that loses its data."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec

from tracker.delivery.event_stream import STREAM_ID

#: Beside the record.
POSITIONS_NAME: Final = "webhooks.json"

_Known = dict[str, Annotated[str, msgspec.Meta(pattern=STREAM_ID)]]


class Positions:
    """The stream id up to which each webhook has settled all, by its name. A file that cannot be read holds none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: Mapping[str, str] = {}
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            self._known = msgspec.json.decode(path.read_bytes(), type=_Known)

    @property
    def known(self) -> Mapping[str, str]:
        """Return the positions that were noted last."""
        return self._known

    def note(self, positions: Mapping[str, str]) -> None:
        """Write the positions if they differ; after a write that failed webhooks may get more again than they need."""
        if positions == self._known:
            return
        written = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            written.write_bytes(msgspec.json.encode(positions))
            written.replace(self._path)
        self._known = dict(positions)
