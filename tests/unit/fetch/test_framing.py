"""Answers whose end is unclear."""

import pytest

from tracker.errors import BadAnswer
from tracker.fetch.framing import check_framing


@pytest.mark.parametrize(
    ("codings", "lengths"),
    [
        ([], []),
        ([], ["0"]),
        ([], ["12", "12"]),
        (["chunked"], []),
        ([" Chunked "], []),
        (["chunked"], ["5"]),
        (["Identity"], ["5"]),
    ],
)
def test_a_clear_end_is_accepted(codings, lengths):
    check_framing(codings, lengths)


@pytest.mark.parametrize(
    ("codings", "lengths", "message"),
    [
        (["gzip, chunked"], [], "the answer has an unknown transfer coding: gzip, chunked"),
        (["gzip", "chunked"], [], "the answer has an unknown transfer coding: gzip, chunked"),
        (["chunked", "chunked"], [], "the answer has an unknown transfer coding: chunked, chunked"),
        ([""], [], "the answer has an unknown transfer coding: "),
        ([], ["1", "2"], "the answer has a wrong Content-Length: 1, 2"),
        ([], ["1, 1"], "the answer has a wrong Content-Length: 1, 1"),
        ([], ["-1"], "the answer has a wrong Content-Length: -1"),
        ([], ["1_0"], "the answer has a wrong Content-Length: 1_0"),
        ([], ["\u0661"], "the answer has a wrong Content-Length: \u0661"),
        ([], ["9" * 20], f"the answer has a wrong Content-Length: {'9' * 20}"),
        ([], [""], "the answer has a wrong Content-Length: "),
    ],
)
def test_an_unclear_end_is_refused(codings, lengths, message):
    with pytest.raises(BadAnswer) as caught:
        check_framing(codings, lengths)

    assert str(caught.value) == message
