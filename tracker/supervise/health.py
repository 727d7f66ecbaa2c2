"""How the watched pages do, in one line a person can act on. Pure."""

from collections import Counter
from collections.abc import Sequence

from tracker.store.pages import PageStatus

_NAMED = 5


def summary(statuses: Sequence[PageStatus]) -> str | None:
    """Return one line about what can be read, None while nothing is known of a page that was not asked yet."""
    asked = [status for status in statuses if status.checked_at is not None]
    if len(asked) < len(statuses) or not statuses:
        return None
    failing = [status for status in asked if status.state.failures]
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


_REMEDIES = {
    "dns": "no name can be resolved: is this machine offline?",
    "connect": "no connection can be made: is this machine offline, or is there a firewall?",
    "timeout": "no answer comes in time: is this machine offline, or is there a firewall?",
    "tls": "no TLS connection can be made: does a proxy change certificates?",
    "address_refused": "their addresses are not public: set allow_private = true for pages of your own network",
}
