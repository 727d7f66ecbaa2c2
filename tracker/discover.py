"""Where a page's news come from: tried once, by looking at what endpoints answer, and used until it stops fitting."""

from collections.abc import Iterator
from typing import Final
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
from tracker.models import Incident, Provider, Snapshot
from tracker.parse import FORMATS, detect
from tracker.ports import Fetched, Fetcher, FetchRequest, NotModified
from tracker.state import Source

#: An answer with more incidents is an attack or a mistake; the longest recorded ones list some hundreds.
MOST_INCIDENTS: Final = 5000
#: The same for updates, each of which may become an event; the most recorded are 287.
MOST_UPDATES: Final = 20_000
#: Characters that telling all of an answer takes, since every update names the incident's components anew: some
#: megabytes of names and updates would become gigabytes of events. The largest recorded answer takes 85,000.
MOST_TOLD: Final = 8 * 1024 * 1024


def discover(fetcher: Fetcher, provider: Provider) -> tuple[Source, Fetched]:
    """Find where the provider's news come from by trying endpoints and looking at what they answer."""
    tried: list[str] = []
    last: PollError | None = None
    for source in _candidates(provider):
        request = FetchRequest(url=source.primary, allow_private=provider.allow_private)
        try:
            answer = fetcher.fetch(request)
            if isinstance(answer, NotModified):
                continue
            found = detect(answer.body, answer.content_type)
            read_answer(answer, msgspec.structs.replace(source, format=found.name))
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


def read_answer(answer: Fetched, source: Source) -> Snapshot:
    """Return what an answer of a source says. Raises ParseError."""
    snapshot = FORMATS[source.format].read(answer.body, answer.url, answer.content_type)
    incidents = (*snapshot.incidents, *snapshot.maintenances)
    if len(incidents) > MOST_INCIDENTS:
        raise ParseError(f"it lists {len(incidents)} incidents; no status page shows more than {MOST_INCIDENTS}")
    updates = sum(len(incident.updates) for incident in incidents)
    if updates > MOST_UPDATES:
        raise ParseError(f"it lists {updates} updates; no status page shows more than {MOST_UPDATES}")
    if sum(map(_told, incidents)) > MOST_TOLD:
        raise ParseError(f"its updates name so many components that telling all takes over {MOST_TOLD >> 20} MB")
    return snapshot


def _told(incident: Incident) -> int:
    """Return how many characters the events of all its updates would hold, roughly."""
    names = sum(map(len, incident.components))
    return sum(
        len(incident.name) + len(update.body) + (sum(map(len, update.components)) or names)
        for update in incident.updates
    )


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
