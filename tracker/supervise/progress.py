"""The progress of the first polls, in a line every few seconds. Pure."""

from collections.abc import Sequence
from typing import Final

from tracker.supervise.health import PageHealth

#: When the first line is due, and the next ones; a reading of many pages takes up to two seconds.
FIRST_AFTER_S: Final = 3.0
EVERY_S: Final = 8.0


class Progress:
    """Decides when a line about pages that were not polled yet is due."""

    def __init__(self, began_s: float) -> None:
        self._due_s = began_s + FIRST_AFTER_S

    def line(self, pages: Sequence[PageHealth], now_s: float) -> str | None:
        """Return `1,200 of 3,000 pages polled`, None while no line is due or all were polled."""
        asked = sum(page.is_asked for page in pages)
        if asked == len(pages) or now_s < self._due_s:
            return None
        self._due_s = now_s + EVERY_S
        return f"{asked:,} of {len(pages):,} pages polled"
