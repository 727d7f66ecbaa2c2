"""What may stand in the data server once all is quiet."""

import re
import time
from typing import Any

import redis

from tests.chaos.beside import NAME
from tests.chaos.fleet import Fleet

_EXPECTED = (
    r"tracker:alerting|tracker:alerts:changes",
    r"tracker:(providers|schedule|due|polls|updates|cursors|providers:version|generation|sinks)|tracker:owner:(record|catalogue:file)",
    r"tracker:(page|seen|latency):(page|beside)-\d+",
    # A host's slots and who waits for them end by themselves.
    r"tracker:(slots|waiting|crowded):[a-z0-9.:-]+",
    r"tracker:schedulers|tracker:scheduler:[A-Za-z0-9._-]+:[0-9]+",
    r"tracker:(sink|dead|again):ops",
    # Ends by itself: a delivery may be under way.
    r"tracker:lease:ops",
    # kombu's own: who listens to what, and what is being worked on right now.
    r"_kombu\.binding[a-z_]*(\.[a-z.]+)?",
    # Messages in hand; their number is looked at apart.
    r"(fetch|print|deliver)",
    r"unacked(_index|_mutex)?",
)
#: A stream that was delivered keeps its newest entry.
_MOST_ENTRIES = 200


def unexpected_keys(client: "redis.Redis") -> list[str]:
    """Return keys that nobody accounts for, and ones of ours that should be short and are not."""
    keys = sorted(key.decode() for key in client.scan_iter(count=1000))
    stray = [key for key in keys if not any(re.fullmatch(pattern, _plain(key)) for pattern in _EXPECTED)]
    entries: Any = client.xlen("tracker:updates")
    if entries > _MOST_ENTRIES:
        stray.append(f"tracker:updates holds {entries} entries")
    return stray


def _plain(key: str) -> str:
    """Return a key without the namespace of the second tracker."""
    return key.removeprefix(f"{NAME}:")


def wait_for_empty_queues(client: "redis.Redis", fleet: Fleet, seconds: float) -> None:
    """Wait until no message waits or is being restored. Raises TimeoutError."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        fleet.restart_if_due()
        lengths: Any = [client.llen("fetch"), client.llen("print"), client.zcard("unacked_index")]
        # Polls go on every second; a few messages in hand are the pulse, not a backlog.
        if lengths[0] <= 5 and lengths[1] <= 5 and lengths[2] <= 30:
            return
        time.sleep(0.2)
    raise TimeoutError(f"queues do not empty: {lengths}")
