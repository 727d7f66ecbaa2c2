"""The frame of every page: the share of watched pages that were read, the number of problems. Pure."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tracker.web.now import PageNow
from tracker.web.pages.wording import counted, span


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """The head and the foot of a page."""

    now: datetime
    watched: int = 0
    read: int = 0
    problems: int = 0
    #: Alerts that nobody has taken on.
    waiting: int = 0
    #: Age of the oldest answer among the pages that were read, in seconds.
    oldest_s: float | None = None
    version: str = ""
    #: Whether the frame says nothing of the watched pages, since this reader may not know them.
    is_bare: bool = False
    #: Whether the reader may add, remove and check; the token that their forms carry.
    may_act: bool = False
    form_token: str = ""
    #: Whether signing in would let the reader act, and whether they have signed in.
    may_sign_in: bool = False
    is_signed_in: bool = False

    @property
    def freshness(self) -> str:
        """Return the part that was read, in a few words."""
        if not self.watched:
            return "No pages yet"
        return f"{self.read:,} of {counted(self.watched, 'page')} read"

    @property
    def oldest(self) -> str:
        """Return the age of the oldest answer."""
        return span(self.oldest_s) if self.oldest_s is not None else ""


def frame(pages: Sequence[PageNow], now: datetime, **more: object) -> Frame:
    """Return the frame over the watched pages; `more` has the fields about the reader."""
    read = [each for each in pages if each.assessment.state.is_known]
    made = Frame(
        now=now,
        watched=len(pages),
        read=len(read),
        problems=sum(each.assessment.state.is_problem for each in pages),
        oldest_s=max((each.assessment.age_s for each in read if each.assessment.age_s is not None), default=None),
    )
    return msgspec.structs.replace(made, **more)
