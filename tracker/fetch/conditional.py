"""Validators: the fields that make a request conditional, and those of an answer for the next request. Pure.

RFC 9110, sections 8.8 and 13.1.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from tracker.fetch.freshness import http_date
from tracker.model.provider import Validators

#: Latin-1, which is how header fields are read and written, without controls: a line break would end the field.
#: Real ones have 20 to 80 characters; a very long one is not worth a request that a server refuses as too large.
_SENDABLE: Final = re.compile(r"[ -~\xa0-\xff]{1,1024}")
#: Clocks of two machines that run freely differ by less.
_SKEW: Final = timedelta(minutes=1)


def conditions(validators: Validators, *, redirected: bool) -> dict[str, str]:
    """Return the header fields of a conditional request."""
    fields = {}
    if etag := _sendable(validators.etag):
        fields["If-None-Match"] = etag
    # A date says nothing about another resource: behind a redirect that moved to a new vendor, "not modified since"
    # may be true of a page that was never read. An entity tag of one resource does not match another.
    if not redirected and (last_modified := _sendable(validators.last_modified)):
        fields["If-Modified-Since"] = last_modified
    return fields


def validators_of(headers: Mapping[str, str], now: datetime) -> Validators:
    """Return the validators of an answer unchanged: a date is echoed, never reformatted."""
    return Validators(etag=_sendable(headers.get("ETag")), last_modified=_trusted_date(headers, now))


def renewed(sent: Validators, headers: Mapping[str, str], now: datetime) -> Validators:
    """Return the sent validators with the newer ones that a 304 may carry (RFC 9110, section 15.4.5)."""
    if headers.get("ETag") in (None, sent.etag) and headers.get("Last-Modified") in (None, sent.last_modified):
        # Nothing is newer, trusted or not.
        return sent
    newer = validators_of(headers, now)
    return Validators(etag=newer.etag or sent.etag, last_modified=newer.last_modified or sent.last_modified)


def _trusted_date(headers: Mapping[str, str], now: datetime) -> str | None:
    """Return Last-Modified, or None while it proves nothing (RFC 9110, section 8.8.2.2).

    Within the second that it names, the page may change once more, and "not modified since" would hide that forever.
    `Date` may come from the clock of a cache on the way, so the clock of this machine has to agree.
    """
    value = _sendable(headers.get("Last-Modified"))
    modified = _moment(value) if value else None
    if modified is None:
        return None
    dated = _moment(headers.get("Date", "")) or now
    return value if modified < dated and modified + _SKEW <= now else None


def _moment(text: str) -> datetime | None:
    """Return the time in a date field, to the second; some servers write ISO 8601 there."""
    moment = http_date(text)
    if moment is None:
        try:
            moment = datetime.fromisoformat(text.strip())
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            return None
    return moment.replace(microsecond=0)


def _sendable(value: str | None) -> str | None:
    """Return a value that a header field can hold, or None."""
    return value if value and _SENDABLE.fullmatch(value) else None
