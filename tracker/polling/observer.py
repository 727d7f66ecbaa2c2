"""Poll a page: conditional requests, and as little parsing as the answer allows.

    find the source (once) | request the primary | 304? same body? older? same meaning? | request the details | merge

A source's primary answer shows whether anything is new; its details are requested only then, so that a quiet page costs
one request. The answers of a poll are remembered only when all of them were read: if a detail fails or lags behind the
primary, the primary is not remembered, so that the next poll reads it again and no change is missed. If a format's
details change without its primary answer, every poll requests all of them.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import msgspec

from tracker.detection.page_clock import is_earlier, proven
from tracker.detection.snapshots import digest, incident_ids, says_nothing
from tracker.environment.credentials import NO_VARIABLES
from tracker.errors import HttpStatusError, MovedAway, ParseError, PollError
from tracker.model.page import Snapshot
from tracker.model.page_state import KnownAnswer, PageState, Source
from tracker.model.provider import Provider
from tracker.parse.page_data import is_page
from tracker.polling.answers import read_answer
from tracker.polling.candidates import incident_urls, rebased, same_host
from tracker.polling.details import Details, completed
from tracker.polling.discovery import Discovery, discover
from tracker.polling.fetcher import Fetched, Fetcher, NotModified
from tracker.polling.lesser import is_better, is_lesser
from tracker.polling.page_request import page_request, request_of
from tracker.polling.parts import whole
from tracker.polling.reading import (
    Observation,
    adopted,
    is_apart,
    place,
    read,
    refuse_other_subject,
    remember,
    revalidated,
    searched,
)
from tracker.polling.traffic import TrafficMeter

#: How long a detail that a page does not have is not requested again.
MISSING_FOR = timedelta(hours=1)
#: Statuses that say: there is no such endpoint.
_MISSING = frozenset({404, 410})
#: The result of reading a detail that is older than one before, by its clock.
_PASSED_OVER = Snapshot()


class Observer:
    """Requests pages through a fetcher. Keeps nothing of them; its meter counts the bytes of the current poll.

    `environ` holds the credentials that providers name.
    """

    def __init__(self, fetcher: Fetcher, environ: Mapping[str, str] = NO_VARIABLES) -> None:
        self.meter = TrafficMeter(fetcher)
        self._environ = environ
        self._fetcher: Fetcher = self.meter

    def observe(self, provider: Provider, state: PageState, now: datetime) -> Observation:
        """Request the primary address and read its answer no further than needed. Raises PollError."""
        if state.source is None:
            return self.search(provider, state, now)
        source = state.source
        answer = self._ask(provider, state, source.primary)
        is_elsewhere = not same_host(answer.url, source.primary)
        if is_elsewhere and isinstance(answer, NotModified):
            # Validators that another host gave prove nothing here, and there is nothing to read.
            answer = self._ask_anew(provider, source.primary)
        if is_elsewhere and isinstance(answer, Fetched):
            return self._elsewhere(state, source, answer, now)
        return read(state, source, answer, now)

    def search(self, provider: Provider, state: PageState, now: datetime) -> Observation:
        """Find the source again and read the answer that showed it. Raises PollError."""
        discovery, observed = self.look(provider, state, now)
        if observed is None:
            raise discovery.failure or ParseError("nothing was found")
        return observed

    def look(self, provider: Provider, state: PageState, now: datetime) -> tuple[Discovery, Observation | None]:
        """Find the source again; return the search, and the observation of the answer that showed it, None for none."""
        discovery = discover(self._fetcher, provider, self._environ, before=state.source)
        if discovery.found is None:
            return discovery, None
        found = discovery.found
        observed = adopted(state, found.source, found.answer, now)
        if is_lesser(provider, found.source):
            observed = msgspec.structs.replace(observed, state=searched(observed.state, now))
        return discovery, observed

    def look_for_better(
        self, provider: Provider, state: PageState, observed: Observation, now: datetime
    ) -> Observation:
        """Search a page that was read from a lesser source; return a better one's observation, or the given one."""
        try:
            discovery = discover(self._fetcher, provider, self._environ, before=state.source)
        except PollError:
            discovery = Discovery(attempts=())
        found = discovery.found
        if found is not None and state.source is not None and is_better(provider, state.source, found.source):
            return adopted(state, found.source, found.answer, now)
        return msgspec.structs.replace(observed, state=searched(observed.state, now))

    def _elsewhere(self, state: PageState, source: Source, answer: Fetched, now: datetime) -> Observation:
        """Follow a page to another host, if it answers there in the same format. Raises MovedAway."""
        try:
            read_answer(answer, source)
        except ParseError as error:
            raise MovedAway(f"it leads to {place(answer)}, where {error.message}") from error
        refuse_other_subject(answer, source)
        return adopted(state, rebased(source, answer.url), answer, now)

    def complete(
        self,
        provider: Provider,
        before: PageState,
        observed: Observation,
        now: datetime,
        *,
        known_open: Collection[str] = (),
    ) -> Observation:
        """Request the details of a changed page and merge them. A detail that fails does not hold back the rest.

        `known_open` are the ids of incidents and maintenances that were open or planned before.
        """
        state, primary = observed.state, observed.snapshot
        source = state.source
        if primary is None or source is None:
            return observed
        if before.source != source:
            gaps = msgspec.structs.replace(before.gaps, lagging_since=None)
            before = msgspec.structs.replace(before, answers={}, gaps=gaps)
        details = self._details(provider, state, source, primary, now)
        details = self._alone(provider, before, primary, details, known_open)
        return completed(before, observed, primary, details, now)

    def _details(
        self, provider: Provider, state: PageState, source: Source, primary: Snapshot, now: datetime
    ) -> Details:
        snapshots: list[Snapshot] = []
        history: set[str] = set()
        failure: PollError | None = None
        is_current = True
        for url in source.details:
            is_new = url not in state.answers
            try:
                state, snapshot = self._detail(provider, state, url, primary, now)
            except PollError as error:
                if is_apart(source) or primary.codes is not None:
                    raise  # Half of the answers would give a wrong picture of the page.
                failure = error
                continue
            if snapshot is _PASSED_OVER:
                is_current = False
            elif snapshot is not None:
                snapshots.append(snapshot)
                history |= incident_ids(snapshot) if is_new else set()
        return Details(state, tuple(snapshots), frozenset(history), failure, is_current)

    def _alone(
        self, provider: Provider, before: PageState, primary: Snapshot, details: Details, known_open: Collection[str]
    ) -> Details:
        """Return the details with the contents of the answers for single incidents."""
        source, found, failure = details.state.source, [], details.failure
        # A list in codes has no texts either, so that the first poll requests them as well.
        if source is None or not (before.seeded or primary.codes is not None):
            return details
        gone = [each for each in known_open if each not in incident_ids(primary)]
        for url in incident_urls(source, primary.entries, gone):
            try:
                answer = self._ask_anew(provider, url)
                if isinstance(answer, Fetched):
                    found.append(read_answer(answer, source))
            except HttpStatusError as error:
                failure = failure if error.status in _MISSING else error
            except PollError as error:
                failure = error
        return details._replace(alone=tuple(found), failure=failure)

    def _detail(
        self, provider: Provider, state: PageState, url: str, primary: Snapshot, now: datetime
    ) -> tuple[PageState, Snapshot | None]:
        source, known = state.source, state.answers.get(url, KnownAnswer())
        if source is None or (known.missing_since is not None and now - known.missing_since < MISSING_FOR):
            return state, None
        try:
            # A placeholder gives way to the real update, so the answer has to be complete again; an answer that another
            # one is built with may hold some, too.
            needs_all = primary.stand_ins or primary.built or primary.codes is not None
            answer = self._ask(provider, state, url, is_conditional=not needs_all)
        except HttpStatusError as error:
            if error.status not in _MISSING:
                raise
            return remember(state, url, KnownAnswer(missing_since=now)), None
        if isinstance(answer, NotModified):
            return remember(state, url, revalidated(known, answer)), None
        try:
            snapshot = whole(read_answer(answer, source), source, lambda part: self._ask_anew(provider, part))
        except ParseError:
            if url.endswith("/") and is_page(answer.body):
                # A page for people that holds no data of this format.
                return remember(state, url, KnownAnswer(missing_since=now)), None
            raise
        if known.stamp and says_nothing(snapshot):
            raise ParseError(f"{url}: the answer says nothing, not even the page's clock")
        clock = snapshot.updated_at
        if is_earlier(clock, proven(known.stamp, now)) and is_earlier(clock, primary.updated_at):
            return state, _PASSED_OVER
        new = KnownAnswer(
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
            return self._ask_anew(provider, url)
        return self._fetcher.fetch(request_of(provider, state, url, self._environ))

    def _ask_anew(self, provider: Provider, url: str) -> Fetched | NotModified:
        return self._fetcher.fetch(page_request(provider, url, self._environ))
