"""A page that was not asked yet says so: it is neither broken nor unreadable."""

import pytest

from tests.fakes import NOON, provider
from tracker.assessment import Assessment, Reason, State
from tracker.web.badges import badge_of


@pytest.mark.parametrize(("reason", "message"), [(Reason.NEVER_ASKED, "not asked yet"), (Reason.UNREADABLE, "unknown")])
def test_a_badge_parts_what_is_new_from_what_cannot_be_read(reason: Reason, message: str) -> None:
    assert badge_of(provider().name, Assessment(state=State.UNKNOWN, reason=reason, read_at=NOON)).message == message
