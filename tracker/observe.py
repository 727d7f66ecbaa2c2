"""Ask a page whether anything is new: conditional requests, and as little parsing as the answer allows.

    find the source (once) | ask the primary | 304? same body? older? same meaning? | ask the details | merge

A source's primary answer tells whether anything is new; its details are asked only then, so that a quiet page costs
one request. What a poll learnt about the answers is kept only when all of it was read: a detail that failed or lags
behind the primary leaves the primary unremembered, so that the next poll asks again and no change is missed. Of a
format whose details change without the primary answer, all is asked at every tick.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from tracker.candidates import rebased, same_host
from tracker.clocks import is_earlier, is_stale, lags, proven, stamped
from tracker.credentials import NO_VARIABLES, page_request
from tracker.discover import Discovery, discover, read_answer, tells
from tracker.errors import HttpStatusError, MovedAway, ParseError, PollError
from tracker.meter import Meter
from tracker.models import Provider, Snapshot
from tracker.parse import FORMATS
from tracker.ports import Fetched, Fetcher, FetchRequest, NotModified
from tracker.savings import Layer
from tracker.snapshots import digest, incident_ids, merged, says_nothing
from tracker.state import Answer, PageState, Source

#: So long details that are older than the primary answer are waited for, with every poll.
LAGGING_FOR = timedelta(minutes=10)
#: So long a detail that a page does not have is not asked for again.
MISSING_FOR = timedelta(hours=1)
#: Statuses that say: there is no such endpoint.
_MISSING = frozenset({404, 410})
#: So much of a host's name is repeated.
_LONGEST_HOST = 100

#: Stands for a detail that is older than one before, by its clock.
_PASSED_OVER = Snapshot()


class _Details(NamedTuple):
    """What asking the details of a page brought."""

    state: PageState
    snapshots: tuple[Snapshot, ...]
    #: Ids of what those showed that were never read before.
    history: frozenset[str]
    #: Why the last one that failed did so.
    failure: PollError | None
    #: Whether no answer was passed over for its clock: it may tell the end of what the others do not list.
    is_current: bool


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What asking a page brought."""

    layer: Layer
    #: What is remembered of source and answers from now on.
    state: PageState
    #: The primary answer, read; None when it did not have to be.
    snapshot: Snapshot | None = None
    #: Of what was read the answers that are not older than any before: only in them an edit is told from an old text.
    recent: Snapshot = Snapshot()
    #: Whether all that belongs to the answer was read; otherwise the next poll reads it again.
    settled: bool = True
    #: Ids of incidents that only a detail shows which was never read before: the page's past.
    history: frozenset[str] = frozenset()
    #: Ids in the answer that lists all that goes on or is planned and nothing that ended, None where no answer does.
    listed: frozenset[str] | None = None
    #: Whether all parts of the page were read anew: none was said to be what it was, none failed.
    in_full: bool = True
    #: Whether the primary answer is as new as all that was read before.
    is_current: bool = True
    #: Whether only the details tell if anything is new.
    details_apart: bool = False
    #: The source that the page had before, if it is elsewhere since this very answer.
    moved_from: Source | None = None
    #: How long the server asks us to wait: by the answer's freshness, or by a detail's Retry-After.
    fresh_for_s: float | None = None


class Observer:
    """Asks pages through a fetcher. Remembers nothing of them; its meter counts what the poll in hand receives.

    `environ` holds the credentials that providers name.
    """

    def __init__(self, fetcher: Fetcher, environ: Mapping[str, str] = NO_VARIABLES) -> None:
        self.meter = Meter(fetcher)
        self._environ = environ
        self._fetcher: Fetcher = self.meter

    def observe(self, provider: Provider, state: PageState, now: datetime) -> Observation:
        """Ask the primary endpoint and read its answer as far as needed. Raises PollError."""
        if state.source is None:
            return self.search(provider, state, now)
        source = state.source
        answer = self._ask(provider, state, source.primary)
        is_elsewhere = not same_host(answer.url, source.primary)
        if is_elsewhere and isinstance(answer, NotModified):
            # Validators that another host gave prove nothing here, and there is nothing to read.
            answer = self._fetcher.fetch(page_request(provider, source.primary, self._environ))
        if is_elsewhere and isinstance(answer, Fetched):
            return self._elsewhere(state, source, answer, now)
        return _read(state, source, answer, now)

    def search(self, provider: Provider, state: PageState, now: datetime) -> Observation:
        """Find the source anew and read the answer that showed it. Raises PollError."""
        discovery, observed = self.look(provider, state, now)
        if observed is None:
            raise discovery.failure or ParseError("nothing was found")
        return observed

    def look(self, provider: Provider, state: PageState, now: datetime) -> tuple[Discovery, Observation | None]:
        """Find the source anew; return how that went, and what the answer that showed it says, None for none."""
        discovery = discover(self._fetcher, provider, self._environ, before=state.source)
        if discovery.found is None:
            return discovery, None
        found = discovery.found
        return discovery, _adopted(state, found.source, found.answer, now)

    def _elsewhere(self, state: PageState, source: Source, answer: Fetched, now: datetime) -> Observation:
        """Follow a page to another host, if it answers there in the same format. Raises MovedAway."""
        try:
            read_answer(answer, source)
        except ParseError as error:
            raise MovedAway(f"it leads to {_place(answer)}, where {error.message}") from error
        _refuse_other_subject(answer, source)
        return _adopted(state, rebased(source, answer.url), answer, now)

    def complete(self, provider: Provider, before: PageState, observed: Observation, now: datetime) -> Observation:
        """Ask the details of a changed page and merge them. A detail that fails does not hold back the rest."""
        state, primary = observed.state, observed.snapshot
        source = state.source
        if primary is None or source is None:
            return observed
        if before.source != source:
            before = msgspec.structs.replace(before, answers={}, lagging_since=None)
        details = self._details(provider, state, source, primary.updated_at, now)
        state, snapshots, failure = details.state, details.snapshots, details.failure
        lagging_since = _lagging_since(before, state, primary, now)
        settled = failure is None and (lagging_since is None or now - lagging_since > LAGGING_FOR)
        state = msgspec.structs.replace(
            state,
            lagging_since=None if settled else lagging_since,
            detail_failure=str(failure) if failure else None,
        )
        if not settled:
            state = _unremember(before, state, source.primary)
        wait_s = failure.retry_after_s if failure else None
        unsettled_since = None if settled else before.unsettled_since or now
        state = msgspec.structs.replace(state, unsettled_since=unsettled_since)
        lacking = [url for url in source.details if state.answers.get(url, Answer()).missing_since is not None]
        newest = _newest_stamp(before, now)
        return msgspec.structs.replace(
            observed,
            state=state,
            snapshot=merged(primary, snapshots),
            recent=_recent(before, [primary, *snapshots], now),
            settled=settled,
            in_full=len(snapshots) + len(lacking) == len(source.details),
            is_current=details.is_current and not is_earlier(primary.updated_at, newest),
            # What only a detail shows may be over long since.
            listed=incident_ids(primary) if primary.open_only else None,
            history=details.history - incident_ids(primary),
            fresh_for_s=max(observed.fresh_for_s or 0.0, wait_s) if wait_s else observed.fresh_for_s,
        )

    def _details(
        self, provider: Provider, state: PageState, source: Source, primary_stamp: datetime | None, now: datetime
    ) -> _Details:
        snapshots: list[Snapshot] = []
        history: set[str] = set()
        failure: PollError | None = None
        is_current = True
        for url in source.details:
            is_new = url not in state.answers
            try:
                state, snapshot = self._detail(provider, state, url, primary_stamp, now)
            except PollError as error:
                if _is_apart(source):
                    raise  # Half of what the page says is not what it says.
                failure = error
                continue
            if snapshot is _PASSED_OVER:
                is_current = False
            elif snapshot is not None:
                snapshots.append(snapshot)
                history |= incident_ids(snapshot) if is_new else set()
        return _Details(state, tuple(snapshots), frozenset(history), failure, is_current)

    def _detail(
        self, provider: Provider, state: PageState, url: str, primary_stamp: datetime | None, now: datetime
    ) -> tuple[PageState, Snapshot | None]:
        source, known = state.source, state.answers.get(url, Answer())
        if source is None or (known.missing_since is not None and now - known.missing_since < MISSING_FOR):
            return state, None
        try:
            answer = self._ask(provider, state, url)
        except HttpStatusError as error:
            if error.status not in _MISSING:
                raise
            return _remember(state, url, Answer(missing_since=now)), None
        if isinstance(answer, NotModified):
            return _remember(state, url, _revalidated(known, answer)), None
        snapshot = read_answer(answer, source)
        if known.stamp and says_nothing(snapshot):
            raise ParseError(f"{url}: the answer says nothing, not even the page's clock")
        clock = snapshot.updated_at
        if is_earlier(clock, proven(known.stamp, now)) and is_earlier(clock, primary_stamp):
            return state, _PASSED_OVER
        new = Answer(
            validators=answer.validators,
            digest=digest(answer.body),
            stamp=clock,
            omissions=tuple(dict.fromkeys(snapshot.omissions)),
        )
        return _remember(state, url, new), snapshot

    def _ask(self, provider: Provider, state: PageState, url: str) -> Fetched | NotModified:
        return self._fetcher.fetch(_request(provider, state, url, self._environ))


def _request(provider: Provider, state: PageState, url: str, environ: Mapping[str, str]) -> FetchRequest:
    known = Answer() if state.source and _is_apart(state.source) else state.answers.get(url, Answer())
    return page_request(provider, url, environ, known.validators)


def _is_apart(source: Source) -> bool:
    """Tell whether the source's details change without its primary answer."""
    known = FORMATS.get(source.format)
    return known is not None and known.details_apart


def read_again(state: PageState) -> PageState:
    """Forget all of the answers but their clocks and what they lacked: the next poll reads them whatever they say."""
    forgotten = {
        url: Answer(
            stamp=answer.stamp,
            is_ahead=answer.is_ahead,
            missing_since=answer.missing_since,
            omissions=answer.omissions,
        )
        for url, answer in state.answers.items()
    }
    return msgspec.structs.replace(state, answers=forgotten)


def _read(state: PageState, source: Source, answer: Fetched | NotModified, now: datetime) -> Observation:
    """Read an answer of the primary as far as needed. Raises ParseError."""
    known = state.answers.get(source.primary, Answer())
    if isinstance(answer, NotModified):
        remembered = _in_step(_remember(state, source.primary, _revalidated(known, answer)))
        return Observation(layer=Layer.NOT_MODIFIED, state=remembered, fresh_for_s=answer.fresh_for_s)
    body_digest = digest(answer.body)
    if known.digest == body_digest and not _is_apart(source):
        new = msgspec.structs.replace(known, validators=answer.validators)
        remembered = _in_step(_remember(state, source.primary, new))
        return Observation(layer=Layer.SAME_BODY, state=remembered, fresh_for_s=answer.fresh_for_s)
    snapshot = read_answer(answer, source)
    if answer.url != source.primary:
        _refuse_other_subject(answer, source)
    if is_stale(snapshot.updated_at, known, state.stale_since, now):
        return Observation(
            layer=Layer.STALE,
            state=msgspec.structs.replace(state, stale_since=state.stale_since or now),
            fresh_for_s=answer.fresh_for_s,
        )
    omissions = tuple(dict.fromkeys(snapshot.omissions))
    new = Answer(validators=answer.validators, digest=body_digest, omissions=omissions)
    new = stamped(new, snapshot.updated_at, known, now)
    remembered = msgspec.structs.replace(_remember(state, source.primary, new), stale_since=None)
    return Observation(
        layer=Layer.CHANGED,
        state=remembered,
        snapshot=snapshot,
        details_apart=_is_apart(source),
        fresh_for_s=answer.fresh_for_s,
    )


def _refuse_other_subject(answer: Fetched, source: Source) -> None:
    """Refuse an answer to which a page's address leads by now, and which is of something else. Raises MovedAway."""
    if not tells(answer, source):
        raise MovedAway(f"it leads to a feed at {_place(answer)}, whose entries do not look like incidents")


def _place(answer: Fetched) -> str:
    return urlsplit(answer.url).netloc[:_LONGEST_HOST]


def _adopted(state: PageState, source: Source, answer: Fetched, now: datetime) -> Observation:
    """Take over a source that was found, and read the answer that showed it. Raises ParseError."""
    before = state.source
    state = msgspec.structs.replace(state, source=source, searched_at=None)
    if before is None or before == source:
        return _read(state, source, answer, now)
    state = msgspec.structs.replace(state, answers={}, stale_since=None, lagging_since=None, detail_failure=None)
    if not state.seeded or (before.format == source.format and same_host(before.primary, source.primary)):
        return _read(state, source, answer, now)
    moved = msgspec.structs.replace(state, projection=None, moved_at=state.failing_since or now)
    return msgspec.structs.replace(_read(moved, source, answer, now), moved_from=before)


def _lagging_since(before: PageState, state: PageState, primary: Snapshot, now: datetime) -> datetime | None:
    """Return since when a detail has been older than the primary answer, None if none is."""
    details = state.source.details if state.source else ()
    stamps = (state.answers.get(url, Answer()).stamp for url in details)
    if not any(lags(stamp, primary.updated_at, now) for stamp in stamps):
        return None
    return before.lagging_since or now


def _recent(before: PageState, read: list[Snapshot], now: datetime) -> Snapshot:
    """Return what those answers say that are not older than any answer before; endpoints lag behind one another."""
    newest = _newest_stamp(before, now)
    recent = [snapshot for snapshot in read if not is_earlier(snapshot.updated_at, newest)]
    return merged(recent[0], recent[1:]) if recent else Snapshot()


def _newest_stamp(before: PageState, now: datetime) -> datetime | None:
    stamps = (proven(known.stamp, now) for known in before.answers.values())
    return max((stamp for stamp in stamps if stamp), default=None)


def _revalidated(known: Answer, answer: NotModified) -> Answer:
    """Return what is known with the newer validators that a 304 may carry (RFC 9110, section 15.4.5)."""
    validators = msgspec.structs.replace(
        known.validators,
        etag=answer.validators.etag or known.validators.etag,
        last_modified=answer.validators.last_modified or known.validators.last_modified,
    )
    return msgspec.structs.replace(known, validators=validators)


def _remember(state: PageState, url: str, answer: Answer) -> PageState:
    if state.answers.get(url) == answer:
        return state
    return msgspec.structs.replace(state, answers={**state.answers, url: answer})


def _unremember(before: PageState, state: PageState, url: str) -> PageState:
    """Put back what was known of one URL, so that its next answer is read again unless it is older."""
    known, new = before.answers.get(url, Answer()), state.answers[url]
    back = msgspec.structs.replace(known, stamp=new.stamp, is_ahead=new.is_ahead, omissions=new.omissions)
    return _remember(state, url, back)


def _in_step(state: PageState) -> PageState:
    """Forget that answers were stale or lagging: this one is what is known."""
    return msgspec.structs.replace(state, stale_since=None, lagging_since=None)
