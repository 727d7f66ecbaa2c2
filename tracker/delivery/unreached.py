"""Find sinks that nothing can reach: patterns that match no page, kinds of events that no page reports. Pure.

A pattern that matches nothing is most likely a misspelling that nobody would notice: silence looks like a quiet day.
"""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Final

from tracker.delivery.retry_policy import matches
from tracker.model.event import EventKind
from tracker.model.filters import wants_kind
from tracker.model.plain import visible
from tracker.model.provider import Provider, Webhook

#: Pages that a sentence names.
_NAMED: Final = 5


def unreached(webhook: Webhook, providers: Sequence[Provider]) -> tuple[str, ...]:
    """Return a sentence for each pattern and each kind of events of a sink that no event can match."""
    return (*_patterns(webhook, [provider.id for provider in providers]), *_kinds(webhook, providers))


def _patterns(webhook: Webhook, ids: Sequence[str]) -> Iterator[str]:
    for pattern in webhook.providers:
        if any(matches((pattern,), provider_id) for provider_id in ids):
            continue
        # Comparing costs the product of the lengths.
        close = get_close_matches(visible(pattern).lower(), ids, n=1)
        rest = f"did you mean {close[0]}?" if close else f"there is {_listed(ids)}"
        yield f"providers: no page has an id that matches '{visible(pattern)}'; {rest}"


def _kinds(webhook: Webhook, providers: Sequence[Provider]) -> Iterator[str]:
    pages = [provider for provider in providers if matches(webhook.providers, provider.id)]
    if not pages:
        return  # The sentences about its patterns say enough.
    for kind in webhook.events:
        if not any(_can_report(provider, EventKind(kind)) for provider in pages):
            yield f"events: {kind} is left out by the filters of every page that it takes"


def _can_report(provider: Provider, kind: EventKind) -> bool:
    return wants_kind(provider, kind) and (provider.maintenance or kind is not EventKind.MAINTENANCE_UPDATE)


def _listed(ids: Sequence[str]) -> str:
    return (", ".join(ids[:_NAMED]) + (", …" if len(ids) > _NAMED else "")) or "none"
