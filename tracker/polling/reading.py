"""Read an answer of a page's primary endpoint, no further than needed. Pure.

304? same body? older? same meaning?
"""

from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from tracker.detection.page_clock import is_stale, stamped
from tracker.detection.snapshots import digest
from tracker.errors import MovedAway
from tracker.model.page import Snapshot
from tracker.model.page_state import Gaps, KnownAnswer, PageState, Source
from tracker.parse import format_of
from tracker.polling.answers import read_answer, shows_incidents
from tracker.polling.candidates import same_host
from tracker.polling.fetcher import Fetched, NotModified
from tracker.polling.poll_cost import ResponseClass

#: The longest part of a host's name that a message repeats.
_LONGEST_HOST = 100


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """The result of requesting a page."""

    response_class: ResponseClass
    #: The state of source and answers from now on.
    state: PageState
    #: The primary answer, read; None when it did not have to be.
    snapshot: Snapshot | None = None
    #: Those answers that are not older than any before: only they prove that another text is an edit.
    recent: Snapshot = Snapshot()
    #: Whether all that belongs to the answer was read; otherwise the next poll reads it again.
    settled: bool = True
    #: Ids of incidents that only a detail shows, one that was never read before: the page's past.
    history: frozenset[str] = frozenset()
    #: Ids in the answer that lists everything ongoing or planned and nothing that ended, None where no answer does.
    open_ids: frozenset[str] | None = None
    #: Whether all parts of the page were read again: none was answered with 304, none failed.
    in_full: bool = True
    #: Whether the primary answer is as new as all that was read before.
    is_current: bool = True
    #: Whether only the details show if anything is new.
    details_apart: bool = False
    #: The former source of the page, if the page moved with this answer.
    moved_from: Source | None = None
    #: How long the server asks us to wait: by the answer's freshness, or by a detail's Retry-After.
    fresh_for_s: float | None = None


def is_apart(source: Source) -> bool:
    """Return whether the source's details change without its primary answer."""
    known = format_of(source.format, source.definition)
    return known is not None and known.details_apart


def read_again(state: PageState) -> PageState:
    """Forget the answers except their clocks and omissions, so that the next poll reads them in any case."""
    forgotten = {
        url: KnownAnswer(
            stamp=answer.stamp,
            is_ahead=answer.is_ahead,
            missing_since=answer.missing_since,
            omissions=answer.omissions,
        )
        for url, answer in state.answers.items()
    }
    return msgspec.structs.replace(state, answers=forgotten)


def read(state: PageState, source: Source, answer: Fetched | NotModified, now: datetime) -> Observation:
    """Read an answer of the primary no further than needed. Raises ParseError."""
    known = state.answers.get(source.primary, KnownAnswer())
    if isinstance(answer, NotModified):
        return _unchanged(ResponseClass.NOT_MODIFIED, state, source, revalidated(known, answer), answer)
    if is_known(state, source, answer):
        new = msgspec.structs.replace(known, validators=answer.validators)
        return _unchanged(ResponseClass.SAME_BODY, state, source, new, answer)
    return _parsed(state, source, answer, now)


def is_known(state: PageState, source: Source, answer: Fetched | NotModified) -> bool:
    """Return whether an answer of the primary is the one that was read last, byte for byte."""
    if isinstance(answer, NotModified):
        return True
    known = state.answers.get(source.primary, KnownAnswer())
    return known.digest == digest(answer.body) and not is_apart(source)


def _unchanged(
    response_class: ResponseClass, state: PageState, source: Source, new: KnownAnswer, answer: Fetched | NotModified
) -> Observation:
    remembered = remember(state, source.primary, new)
    if state.gaps.stale_since or state.gaps.lagging_since:
        # Nothing is stale or lags: this is the known answer.
        remembered = _with_gaps(remembered, stale_since=None, lagging_since=None)
    return Observation(response_class=response_class, state=remembered, fresh_for_s=answer.fresh_for_s)


def _parsed(state: PageState, source: Source, answer: Fetched, now: datetime) -> Observation:
    known = state.answers.get(source.primary, KnownAnswer())
    snapshot = read_answer(answer, source)
    if answer.url != source.primary:
        refuse_other_subject(answer, source)
    if is_stale(snapshot.updated_at, known, state.gaps.stale_since, now):
        return Observation(
            response_class=ResponseClass.STALE,
            state=_with_gaps(state, stale_since=state.gaps.stale_since or now),
            fresh_for_s=answer.fresh_for_s,
        )
    omissions = tuple(dict.fromkeys(snapshot.omissions))
    new = KnownAnswer(validators=answer.validators, digest=digest(answer.body), omissions=omissions)
    new = stamped(new, snapshot.updated_at, known, now)
    remembered = _with_gaps(remember(state, source.primary, new), stale_since=None)
    return Observation(
        response_class=ResponseClass.CHANGED,
        state=remembered,
        snapshot=snapshot,
        details_apart=is_apart(source),
        fresh_for_s=answer.fresh_for_s,
    )


def refuse_other_subject(answer: Fetched, source: Source) -> None:
    """Refuse the answer that a page's address now leads to if it is about something else. Raises MovedAway."""
    if not shows_incidents(answer, source):
        raise MovedAway(f"it leads to a feed at {place(answer)}, whose entries do not look like incidents")


def place(answer: Fetched) -> str:
    """Return the host that answered, by its name in messages."""
    return urlsplit(answer.url).netloc[:_LONGEST_HOST]


def adopted(state: PageState, source: Source, answer: Fetched, now: datetime) -> Observation:
    """Take over a source that was found, and read the answer that showed it. Raises ParseError."""
    before = state.source
    state = msgspec.structs.replace(searched(state, None), source=source)
    if before is None or before == source:
        return read(state, source, answer, now)
    gaps = Gaps(unsettled_since=state.gaps.unsettled_since)
    state = msgspec.structs.replace(state, answers={}, gaps=gaps)
    if not state.seeded or (before.format == source.format and same_host(before.primary, source.primary)):
        return read(state, source, answer, now)
    relocation = msgspec.structs.replace(state.relocation, moved_at=state.readability.failing_since or now)
    moved = msgspec.structs.replace(state, projection=None, relocation=relocation)
    return msgspec.structs.replace(read(moved, source, answer, now), moved_from=before)


def searched(state: PageState, now: datetime | None) -> PageState:
    """Return the state with the time of the last search; None, for a page that fits its source again, forgets it."""
    return msgspec.structs.replace(state, relocation=msgspec.structs.replace(state.relocation, searched_at=now))


def revalidated(known: KnownAnswer, answer: NotModified) -> KnownAnswer:
    """Return the known answer with the newer validators that a 304 may carry (RFC 9110, section 15.4.5)."""
    validators = msgspec.structs.replace(
        known.validators,
        etag=answer.validators.etag or known.validators.etag,
        last_modified=answer.validators.last_modified or known.validators.last_modified,
    )
    return msgspec.structs.replace(known, validators=validators)


def remember(state: PageState, url: str, answer: KnownAnswer) -> PageState:
    """Return the state with the knowledge of one URL's last answer."""
    if state.answers.get(url) == answer:
        return state
    return msgspec.structs.replace(state, answers={**state.answers, url: answer})


def unremember(before: PageState, state: PageState, url: str) -> PageState:
    """Put back the former knowledge of one URL, so that its next answer is read again unless it is older."""
    known, new = before.answers.get(url, KnownAnswer()), state.answers[url]
    back = msgspec.structs.replace(known, stamp=new.stamp, is_ahead=new.is_ahead, omissions=new.omissions)
    return remember(state, url, back)


def _with_gaps(state: PageState, **since: datetime | None) -> PageState:
    return msgspec.structs.replace(state, gaps=msgspec.structs.replace(state.gaps, **since))
