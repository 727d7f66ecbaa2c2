"""How the watched pages and the sinks do, in one line each that a person can act on. Pure."""

from collections import Counter
from collections.abc import Sequence

from tracker.filters import unmatched
from tracker.store.pages import PageStatus
from tracker.store.sinks import SinkStatus

_NAMED = 5
#: A receiver that restarts is back before that many failures in a row.
_FAILURES_TOLD = 3


def summary(statuses: Sequence[PageStatus]) -> str | None:
    """Return one line about what can be read, None while nothing is known of a page that was not asked yet."""
    asked = [status for status in statuses if status.checked_at is not None]
    if len(asked) < len(statuses) or not statuses:
        return None
    failing = [status for status in asked if status.state.failures and status.state.is_unknown]
    pages = "page" if len(statuses) == 1 else "pages"
    if not failing:
        return f"watching {len(statuses)} {pages}, all of them can be read"
    if len(failing) == len(statuses):
        reason, _ = Counter(status.state.failure_reason for status in failing).most_common(1)[0]
        return (
            f"none of {len(statuses)} {pages} can be read ({_REMEDIES.get(reason or '', 'see tracker status')}); "
            "trying again with growing pauses"
        )
    named = [f"{status.provider.name} ({status.state.failure})" for status in failing[:_NAMED]]
    rest = f" and {len(failing) - _NAMED} more" if len(failing) > _NAMED else ""
    return f"watching {len(statuses)} {pages}, {len(failing)} cannot be read: {'; '.join(named)}{rest}"


def filters_summary(statuses: Sequence[PageStatus]) -> str | None:
    """Return one line about filters that match nothing of their pages, None when all do or nothing is known yet."""
    failing = [
        f"{status.provider.name} ({sentence})"
        for status in statuses
        for sentence in unmatched(status.provider, status.view)
    ]
    if not failing:
        return None
    rest = f" and {len(failing) - _NAMED} more" if len(failing) > _NAMED else ""
    return f"filters that match nothing: {'; '.join(failing[:_NAMED])}{rest}"


def sinks_summary(statuses: Sequence[SinkStatus]) -> str | None:
    """Return one line about sinks whose receivers fail, None when all of them do well."""
    failing = [status.webhook.name for status in statuses if status.standing.failures >= _FAILURES_TOLD]
    if not failing:
        return None
    who, them = (f"sink {failing[0]} does", "it") if len(failing) == 1 else (f"sinks {', '.join(failing)} do", "them")
    return f"{who} not take updates, which wait for {them}; `tracker sinks list` tells why"


_REMEDIES = {
    "dns": "no name can be resolved: is this machine offline?",
    "connect": "no connection can be made: is this machine offline, or is there a firewall?",
    "timeout": "no answer comes in time: is this machine offline, or is there a firewall?",
    "tls": "no TLS connection can be made: does a proxy change certificates?",
    "address_refused": "their addresses are not public: set allow_private = true for pages of your own network",
}
