"""The sites of the server: live pages and recorded ones."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Protocol

from tracker.simulator.document import Document, content_type_of
from tracker.simulator.platforms import PLATFORMS
from tracker.simulator.render import render
from tracker.simulator.revision import Revision
from tracker.simulator.vendor import Page

#: Rendered documents of one page that are kept; a client that invents Host headers gains nothing.
_KEPT_DOCUMENTS = 32


class SimulatedSite(Protocol):
    """A thing with an id that answers paths."""

    @property
    def id(self) -> str:
        """Return the first part of its paths on a server with many sites."""
        ...

    def document(self, path: str, url: str, back: int = 0) -> Document | None:
        """Return the answer of a path now, or `back` changes ago; None for a path without one."""
        ...


class LiveSite:
    """Renders a page, once for each of its revisions. Called from one thread."""

    def __init__(self, page: Page) -> None:
        """Begin without a rendered document."""
        self._page = page
        self._answers = count()
        self._documents: dict[tuple[int, str, str], Document | None] = {}

    @property
    def id(self) -> str:
        """Return the page's id."""
        return self._page.id

    def document(self, path: str, url: str, back: int = 0) -> Document | None:
        """Return the page's contents."""
        revision = self._page.earlier(back) if back else self._page.revision
        if PLATFORMS[revision.platform].varies:
            return render(revision, path, url, next(self._answers))
        return self._rendered_once(revision, path, url)

    def _rendered_once(self, revision: Revision, path: str, url: str) -> Document | None:
        key = (revision.number, path, url)
        if key not in self._documents:
            if len(self._documents) >= _KEPT_DOCUMENTS:
                self._documents.clear()
            self._documents[key] = render(revision, path, url)
        return self._documents[key]


class RecordedSite:
    """Serves recorded bodies step by step: a series for each path, all in step. Any thread may call `step`."""

    def __init__(
        self,
        id: str,
        series: Mapping[str, Sequence[bytes]],
        *,
        advance_every_s: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin at the first bodies; a path keeps the last body of its series."""
        self.id = id
        self._series = {
            path: [Document(body=body, content_type=content_type_of(path)) for body in bodies]
            for path, bodies in series.items()
        }
        self._last = max(len(bodies) for bodies in series.values()) - 1
        self._advance_every_s = advance_every_s
        self._monotonic = monotonic
        self._began_s = monotonic()
        self._lock = threading.Lock()
        self._steps = 0

    @property
    def position(self) -> int:
        """Return the number of steps since the first bodies."""
        elapsed = 0
        if self._advance_every_s:
            elapsed = int((self._monotonic() - self._began_s) / self._advance_every_s)
        return min(self._steps + elapsed, self._last)

    def step(self) -> bool:
        """Move on to the next bodies; return False at the last ones."""
        with self._lock:
            if self.position == self._last:
                return False
            self._steps += 1
            return True

    def document(self, path: str, _url: str, back: int = 0) -> Document | None:
        """Return the recorded body of a path."""
        bodies = self._series.get(path)
        return bodies[min(max(self.position - back, 0), len(bodies) - 1)] if bodies else None
