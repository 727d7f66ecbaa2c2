"""Ask a page whether anything is new: conditional requests, and as little parsing as the answer allows.

    find the source (once) | ask the primary | 304? same body? older? same meaning? | ask the details | merge

A source's primary answer tells whether anything is new; its details are asked only then, so that a quiet page costs
one request. What a poll learnt about the answers is kept only when all of it was read: a detail that failed or lags
behind the primary leaves the primary unremembered, so that the next poll asks again and no change is missed.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

import msgspec

from tracker.errors import (
    ConnectError,
    HttpStatusError,
    NameNotResolved,
    ParseError,
    PollError,
    TlsError,
    TooLarge,
    TooManyRedirects,
)
from tracker.models import Provider, Snapshot
from tracker.parse import FORMATS, detect
from tracker.ports import Fetched, Fetcher, FetchRequest, NotModified
from tracker.snapshots import digest, merged
from tracker.state import Answer, PageState, Source

#: After this long an answer with an earlier clock is the truth and not a cache's.
STALE_FOR = timedelta(hours=24)
#: How many polls in a row wait for details that are older than the primary answer.
MAX_LAGGING = 3
#: An answer with more incidents is an attack or a mistake; the longest recorded ones list some hundreds.
MOST_INCIDENTS = 5000
#: Statuses that say: there is no such endpoint.
_MISSING = frozenset({404, 410})


class Layer(StrEnum):
    """How far an answer had to be read to know whether it holds news."""

    NOT_MODIFIED = "not_modified"
    SAME_BODY = "same_body"
    STALE = "stale"
    SAME_MEANING = "same_meaning"
    CHANGED = "changed"


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What asking a page brought."""

    layer: Layer
    #: What is remembered of source and answers from now on.
    state: PageState
    #: The primary answer, read; None when it did not have to be.
    snapshot: Snapshot | None = None
    #: Whether all that belongs to the answer was read; otherwise the next poll reads it again.
    settled: bool = True
    #: Ids of incidents that only a detail shows which was never read before: the page's past.
    history: frozenset[str] = frozenset()
    #: How long the server asks us to wait: by the answer's freshness, or by a detail's Retry-After.
    fresh_for_s: float | None = None


class Observer:
    """Asks pages through a fetcher. Holds no state of its own."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    def observe(self, provider: Provider, state: PageState, now: datetime) -> Observation:
        """Ask the primary endpoint and read its answer as far as needed. Raises PollError."""
        answer: Fetched | NotModified
        if state.source is None or state.searching:
            source, answer = self._discover(provider)
            state = _found(state, source)
        else:
            source = state.source
            answer = self._ask(provider, state, source.primary)
        known = state.answers.get(source.primary, Answer())
        if isinstance(answer, NotModified):
            remembered = _in_step(_remember(state, source.primary, _revalidated(known, answer)))
            return Observation(layer=Layer.NOT_MODIFIED, state=remembered, fresh_for_s=answer.fresh_for_s)
        body_digest = digest(answer.body)
        if known.digest == body_digest:
            new = msgspec.structs.replace(known, validators=answer.validators)
            remembered = _in_step(_remember(state, source.primary, new))
            return Observation(layer=Layer.SAME_BODY, state=remembered, fresh_for_s=answer.fresh_for_s)
        snapshot = _read(answer, source)
        if _is_stale(known, snapshot, state.stale_since, now):
            return Observation(
                layer=Layer.STALE,
                state=msgspec.structs.replace(state, stale_since=state.stale_since or now),
                fresh_for_s=answer.fresh_for_s,
            )
        new = Answer(validators=answer.validators, digest=body_digest, stamp=snapshot.updated_at)
        remembered = msgspec.structs.replace(_remember(state, source.primary, new), stale_since=None)
        return Observation(layer=Layer.CHANGED, state=remembered, snapshot=snapshot, fresh_for_s=answer.fresh_for_s)

    def complete(self, provider: Provider, before: PageState, observed: Observation) -> Observation:
        """Ask the details of a changed page and merge them. A detail that fails does not hold back the rest."""
        state, primary = observed.state, observed.snapshot
        source = state.source
        if primary is None or source is None or not source.details:
            return observed
        snapshots: list[Snapshot] = []
        history: set[str] = set()
        behind = failed = False
        fresh_for_s = observed.fresh_for_s
        for url in source.details:
            is_new = url not in state.answers
            try:
                state, snapshot = self._detail(provider, state, source, url, primary.updated_at)
            except PollError as error:
                failed = True
                fresh_for_s = max(fresh_for_s or 0.0, error.retry_after_s or 0.0)
                continue
            if snapshot is not None:
                snapshots.append(snapshot)
                history |= _incident_ids(snapshot) if is_new else set()
            stamp = state.answers.get(url, Answer()).stamp
            behind = behind or _is_earlier(stamp, primary.updated_at)
        lagging = before.lagging + 1 if behind and before.lagging < MAX_LAGGING else 0
        state = msgspec.structs.replace(state, lagging=lagging)
        settled = not failed and not lagging
        if not settled:
            state = _unremember(before, state, source.primary)
        return msgspec.structs.replace(
            observed,
            state=state,
            snapshot=merged(primary, snapshots),
            settled=settled,
            history=frozenset(history - _incident_ids(primary)),
            fresh_for_s=fresh_for_s,
        )

    def _detail(
        self, provider: Provider, state: PageState, source: Source, url: str, primary_stamp: datetime | None
    ) -> tuple[PageState, Snapshot | None]:
        known = state.answers.get(url, Answer())
        if known.missing:
            return state, None
        try:
            answer = self._ask(provider, state, url)
        except HttpStatusError as error:
            if error.status not in _MISSING:
                raise
            return _remember(state, url, Answer(missing=True)), None
        if isinstance(answer, NotModified):
            return _remember(state, url, _revalidated(known, answer)), None
        snapshot = _read(answer, source)
        if _is_earlier(snapshot.updated_at, known.stamp) and _is_earlier(snapshot.updated_at, primary_stamp):
            return state, None
        new = Answer(validators=answer.validators, digest=digest(answer.body), stamp=snapshot.updated_at)
        return _remember(state, url, new), snapshot

    def _ask(self, provider: Provider, state: PageState, url: str) -> Fetched | NotModified:
        validators = state.answers.get(url, Answer()).validators
        return self._fetcher.fetch(FetchRequest(url=url, validators=validators, allow_private=provider.allow_private))

    def _discover(self, provider: Provider) -> tuple[Source, Fetched]:
        """Find where the provider's news come from by trying endpoints and looking at what they answer."""
        tried: list[str] = []
        last: PollError | None = None
        for source in _candidates(provider):
            request = FetchRequest(url=source.primary, allow_private=provider.allow_private)
            try:
                answer = self._fetcher.fetch(request)
                if isinstance(answer, NotModified):
                    continue
                found = detect(answer.body, answer.content_type)
                _read(answer, msgspec.structs.replace(source, format=found.name))
            except (NameNotResolved, ConnectError, TlsError):
                raise  # The host itself does not answer; other paths of it will not either.
            except (HttpStatusError, TooLarge, TooManyRedirects, ParseError) as error:
                if isinstance(error, HttpStatusError) and (error.status == 429 or error.status >= 500):  # noqa: PLR2004  the classes of RFC 9110
                    raise  # Transient: settling for a lesser endpoint now would be for good.
                tried.append(f"{urlsplit(source.primary).path or '/'} ({error})")
                last = error
                continue
            if provider.format in ("auto", found.name):
                return msgspec.structs.replace(source, format=found.name), answer
            tried.append(f"{urlsplit(source.primary).path or '/'} (is a {found.name})")
        if len(tried) == 1 and last is not None:
            raise last
        raise ParseError(f"no status page found at {provider.url}; tried {', '.join(tried)}")


def _candidates(provider: Provider) -> Iterator[Source]:
    """Yield the places to look at: the URL itself if it names a path, its platform endpoints, the bare page."""
    base = provider.url.split("?", 1)[0].rstrip("/")
    has_path = urlsplit(base).path not in ("", "/")
    itself = Source(format=provider.format, primary=provider.url, details=_details_beside(base))
    if has_path:
        yield itself
    for page_format in FORMATS.values():
        if provider.format not in ("auto", page_format.name):
            continue
        for endpoints in page_format.endpoints:
            details = tuple(base + path for path in endpoints.details)
            yield Source(format=page_format.name, primary=base + endpoints.primary, details=details)
    if not has_path:
        yield itself


def _details_beside(url: str) -> tuple[str, ...]:
    """Return the details of a URL that is a platform's primary endpoint, () for any other."""
    for page_format in FORMATS.values():
        for endpoints in page_format.endpoints:
            if url.endswith(endpoints.primary):
                return tuple(url.removesuffix(endpoints.primary) + path for path in endpoints.details)
    return ()


def _found(state: PageState, source: Source) -> PageState:
    """Take over a source. Another format has other ids, so that the page is seen for the first time again."""
    same = state.source is not None and state.source.format == source.format
    return msgspec.structs.replace(
        state,
        source=source,
        searching=False,
        answers=state.answers if state.source == source else {},
        seeded=state.seeded and same,
    )


def _read(answer: Fetched, source: Source) -> Snapshot:
    snapshot = FORMATS[source.format].read(answer.body, answer.url, answer.content_type)
    incidents = len(snapshot.incidents) + len(snapshot.maintenances)
    if incidents > MOST_INCIDENTS:
        raise ParseError(f"it lists {incidents} incidents; no status page shows more than {MOST_INCIDENTS}")
    return snapshot


def _is_earlier(stamp: datetime | None, than: datetime | None) -> bool:
    return stamp is not None and than is not None and stamp < than


def _is_stale(known: Answer, snapshot: Snapshot, stale_since: datetime | None, now: datetime) -> bool:
    if stale_since is not None and now - stale_since > STALE_FOR:
        return False
    return _is_earlier(snapshot.updated_at, known.stamp)


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
    """Put back what was known of one URL but its clock, so that its next answer is read again unless it is older."""
    known = before.answers.get(url, Answer())
    return _remember(state, url, msgspec.structs.replace(known, stamp=state.answers[url].stamp))


def _in_step(state: PageState) -> PageState:
    """Forget that answers were stale or lagging: this one is what is known."""
    return msgspec.structs.replace(state, stale_since=None, lagging=0)


def _incident_ids(snapshot: Snapshot) -> set[str]:
    return {incident.id for incident in (*snapshot.incidents, *snapshot.maintenances)}
