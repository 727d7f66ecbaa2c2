"""Answers whose end is unclear."""

from contextlib import nullcontext

import pytest

from tests.goldens import table
from tracker.errors import BadAnswer
from tracker.fetch.framing import check_framing


@pytest.mark.parametrize(("codings", "lengths", "message"), table("framing"))
def test_an_end_that_is_clear_is_accepted_and_any_other_refused(codings, lengths, message):
    with nullcontext() if message is None else pytest.raises(BadAnswer) as caught:
        check_framing(codings, lengths)

    assert message is None or str(caught.value) == message
