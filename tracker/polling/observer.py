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

import msgspec

from tracker.detection.page_clock import is_earlier, lags, proven
from tracker.detection.snapshots import digest, incident_ids, merged, says_nothing
from tracker.environment.credentials import NO_VARIABLES
from tracker.errors import HttpStatusError, MovedAway, ParseError, PollError
from tracker.model.page import Snapshot
from tracker.model.page_state import Answer, PageState, Source
from tracker.model.provider import Provider
from tracker.parse.page_data import is_page
from tracker.polling.candidates import incident_urls, rebased, same_host
from tracker.polling.discovery import Discovery, discover, read_answer
from tracker.polling.lesser import is_better, is_lesser
from tracker.polling.page_request import page_request
from tracker.polling.ports import Fetched, Fetcher, FetchRequest, NotModified
from tracker.polling.reading import (
    Observation,
    adopted,
    is_apart,
    place,
    read,
    refuse_other_subject,
    remember,
    revalidated,
    unremember,
)
from tracker.polling.traffic import TrafficMeter

#: So long details that are older than the primary answer are waited for, with every poll.
LAGGING_FOR = timedelta(minutes=10)
#: So long a detail that a page does not have is not asked for again.
MISSING_FOR = timedelta(hours=1)
#: Statuses that say: there is no such endpoint.
_MISSING = frozenset({404, 410})
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


class Observer:
    """Asks pages through a fetcher. Remembers nothing of them; its meter counts what the poll in hand receives.

    `environ` holds the credentials that providers name.
    """

    def __init__(self, fetcher: Fetcher, environ: Mapping[str, str] = NO_VARIABLES) -> None:
        self.meter = TrafficMeter(fetcher)
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
        return read(state, source, answer, now)

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
        observed = adopted(state, found.source, found.answer, now)
        if is_lesser(provider, found.source):
            observed = msgspec.structs.replace(observed, state=msgspec.structs.replace(observed.state, searched_at=now))
        return discovery, observed

    def look_for_better(
        self, provider: Provider, state: PageState, observed: Observation, now: datetime
    ) -> Observation:
        """Search a page that was read from a lesser source; return what a better one says, else what was observed."""
        try:
            discovery = discover(self._fetcher, provider, self._environ, before=state.source)
        except PollError:
            discovery = Discovery(attempts=())
        found = discovery.found
        if found is not None and state.source is not None and is_better(provider, state.source, found.source):
            return adopted(state, found.source, found.answer, now)
        return msgspec.structs.replace(observed, state=msgspec.structs.replace(observed.state, searched_at=now))

    def _elsewhere(self, state: PageState, source: Source, answer: Fetched, now: datetime) -> Observation:
        """Follow a page to another host, if it answers there in the same format. Raises MovedAway."""
        try:
            read_answer(answer, source)
        except ParseError as error:
            raise MovedAway(f"it leads to {place(answer)}, where {error.message}") from error
        refuse_other_subject(answer, source)
        return adopted(state, rebased(source, answer.url), answer, now)

    def complete(self, provider: Provider, before: PageState, observed: Observation, now: datetime) -> Observation:
        """Ask the details of a changed page and merge them. A detail that fails does not hold back the rest."""
        state, primary = observed.state, observed.snapshot
        source = state.source
        if primary is None or source is None:
            return observed
        if before.source != source:
            before = msgspec.structs.replace(before, answers={}, lagging_since=None)
        details = self._details(provider, state, source, primary, now)
        state, snapshots, failure = details.state, details.snapshots, details.failure
        alone, failure = self._alone(provider, before, primary, failure)
        lagging_since = _lagging_since(before, state, primary, now)
        settled = failure is None and (lagging_since is None or now - lagging_since > LAGGING_FOR)
        state = msgspec.structs.replace(
            state,
            lagging_since=None if settled else lagging_since,
            detail_failure=str(failure) if failure else None,
        )
        if not settled:
            state = unremember(before, state, source.primary)
        wait_s = failure.retry_after_s if failure else None
        unsettled_since = None if settled else before.unsettled_since or now
        state = msgspec.structs.replace(state, unsettled_since=unsettled_since)
        lacking = [url for url in source.details if state.answers.get(url, Answer()).missing_since is not None]
        newest = _newest_stamp(before, now)
        return msgspec.structs.replace(
            observed,
            state=state,
            snapshot=merged(primary, (*snapshots, *alone)),
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
        self, provider: Provider, state: PageState, source: Source, primary: Snapshot, now: datetime
    ) -> _Details:
        snapshots: list[Snapshot] = []
        history: set[str] = set()
        failure: PollError | None = None
        is_current = True
        for url in source.details:
            is_new = url not in state.answers
            try:
                state, snapshot = self._detail(provider, state, url, primary, now)
            except PollError as error:
                if is_apart(source):
                    raise  # Half of what the page says is not what it says.
                failure = error
                continue
            if snapshot is _PASSED_OVER:
                is_current = False
            elif snapshot is not None:
                snapshots.append(snapshot)
                history |= incident_ids(snapshot) if is_new else set()
        return _Details(state, tuple(snapshots), frozenset(history), failure, is_current)

    def _alone(
        self, provider: Provider, before: PageState, primary: Snapshot, failure: PollError | None
    ) -> tuple[list[Snapshot], PollError | None]:
        """Return what the answers for single incidents say, and why one of them, or a detail, could not be read."""
        found: list[Snapshot] = []
        if before.source is None or not before.seeded:
            return found, failure
        for url in incident_urls(before.source, (*primary.incidents, *primary.maintenances)):
            try:
                answer = self._fetcher.fetch(page_request(provider, url, self._environ))
                if isinstance(answer, Fetched):
                    found.append(read_answer(answer, before.source))
            except HttpStatusError as error:
                failure = failure if error.status in _MISSING else error
            except PollError as error:
                failure = error
        return found, failure

    def _detail(
        self, provider: Provider, state: PageState, url: str, primary: Snapshot, now: datetime
    ) -> tuple[PageState, Snapshot | None]:
        source, known = state.source, state.answers.get(url, Answer())
        if source is None or (known.missing_since is not None and now - known.missing_since < MISSING_FOR):
            return state, None
        try:
            # What stands for an update gives way to the real one, which has to be there again.
            answer = self._ask(provider, state, url, is_conditional=not primary.stand_ins)
        except HttpStatusError as error:
            if error.status not in _MISSING:
                raise
            return remember(state, url, Answer(missing_since=now)), None
        if isinstance(answer, NotModified):
            return remember(state, url, revalidated(known, answer)), None
        try:
            snapshot = read_answer(answer, source)
        except ParseError:
            if url.endswith("/") and is_page(answer.body):
                # A page for people with nothing in it that its format knows.
                return remember(state, url, Answer(missing_since=now)), None
            raise
        if known.stamp and says_nothing(snapshot):
            raise ParseError(f"{url}: the answer says nothing, not even the page's clock")
        clock = snapshot.updated_at
        if is_earlier(clock, proven(known.stamp, now)) and is_earlier(clock, primary.updated_at):
            return state, _PASSED_OVER
        new = Answer(
            validators=answer.validators,
            digest=digest(answer.body),
            stamp=clock,
            omissions=tuple(dict.fromkeys(snapshot.omissions)),
        )
        return remember(state, url, new), snapshot

    def _ask(
        self, provider: Provider, state: PageState, url: str, *, is_conditional: bool = True
    ) -> Fetched | NotModified:
        if not is_conditional:
            return self._fetcher.fetch(page_request(provider, url, self._environ))
        return self._fetcher.fetch(request_of(provider, state, url, self._environ))


def request_of(provider: Provider, state: PageState, url: str, environ: Mapping[str, str]) -> FetchRequest:
    """Return the request for a known address of a page, conditional where that proves something.

    Raises CredentialsMissing.
    """
    known = Answer() if state.source and is_apart(state.source) else state.answers.get(url, Answer())
    return page_request(provider, url, environ, known.validators)


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
