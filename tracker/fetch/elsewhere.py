"""Pages that the quick lane leaves to the general fetcher."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

#: After this long a page is tried again: its redirect may be gone.
_REMEMBERED_S: Final = 3600.0
#: Beyond, the one that was added longest ago is forgotten.
_MOST_PAGES: Final = 20_000


class Elsewhere:
    """The URLs of pages whose last answer the lane did not understand, so that no poll makes two requests for one."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._until: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until)

    def __contains__(self, url: str) -> bool:
        until_s = self._until.get(url)
        if until_s is None:
            return False
        if self._monotonic() < until_s:
            return True
        del self._until[url]
        return False

    def add(self, url: str) -> None:
        """Remember a page."""
        self._until[url] = self._monotonic() + _REMEMBERED_S
        self._until.move_to_end(url)
        if len(self._until) > _MOST_PAGES:
            self._until.popitem(last=False)
