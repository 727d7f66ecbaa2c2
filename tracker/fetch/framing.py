"""Checks whether the end of an answer is clear. Pure.

A client that guesses where an unclear answer ends takes the rest of it for the answer to the next request.
"""

import re
from collections.abc import Sequence
from typing import Final

from tracker.errors import BadAnswer
from tracker.fetch.failures import plain

_LENGTH: Final = re.compile(r"[0-9]{1,19}")


def check_framing(codings: Sequence[str], lengths: Sequence[str]) -> None:
    """Refuse an answer whose end is unclear (RFC 9112, sections 6.1 and 6.3), by these headers. Raises BadAnswer.

    `codings` are all its values of Transfer-Encoding, `lengths` those of Content-Length.
    """
    # "identity" was once a way to write that there is none (RFC 2616, section 3.6).
    named = [name for coding in codings if (name := coding.strip().lower()) != "identity"]
    if named not in ([], ["chunked"]):
        raise BadAnswer(f"the answer has an unknown transfer coding: {plain(', '.join(codings))}")
    different = set(lengths)
    if len(different) > 1 or not all(_LENGTH.fullmatch(length) for length in different):
        raise BadAnswer(f"the answer has a wrong Content-Length: {plain(', '.join(sorted(different)))}")
