"""Validators: what makes a request conditional, and what an answer says about the next one. Pure.

RFC 9110, sections 8.8 and 13.1.
"""

import re
from collections.abc import Mapping
from typing import Final

from tracker.models import Validators

#: Latin-1, which is how header fields are read and written, without controls: a line break would end the field.
#: Real ones have 20 to 80 characters; a very long one is not worth a request that a server refuses as too large.
_SENDABLE: Final = re.compile(r"[ -~\xa0-\xff]{1,1024}")


def conditions(validators: Validators, *, redirected: bool) -> dict[str, str]:
    """Return the header fields that ask for news only."""
    fields = {}
    if etag := _sendable(validators.etag):
        fields["If-None-Match"] = etag
    # A date says nothing about another resource: behind a redirect that moved to a new vendor, "not modified since"
    # may be true of a page that we never saw. An entity tag of one resource does not match another.
    if not redirected and (last_modified := _sendable(validators.last_modified)):
        fields["If-Modified-Since"] = last_modified
    return fields


def validators_of(headers: Mapping[str, str]) -> Validators:
    """Return the validators of an answer, as they are: a date is echoed, never reformatted."""
    return Validators(etag=_sendable(headers.get("ETag")), last_modified=_sendable(headers.get("Last-Modified")))


def renewed(sent: Validators, headers: Mapping[str, str]) -> Validators:
    """Return the sent validators with the newer ones that a 304 may carry (RFC 9110, section 15.4.5)."""
    newer = validators_of(headers)
    return Validators(etag=newer.etag or sent.etag, last_modified=newer.last_modified or sent.last_modified)


def _sendable(value: str | None) -> str | None:
    """Return a value that can stand in a header field, or None."""
    return value if value and _SENDABLE.fullmatch(value) else None
