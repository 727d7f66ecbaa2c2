"""Arithmetic on what was measured. Pure."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

import msgspec

from benchmarks.origin.access_log import Request

#: Both times of a log line are cut to milliseconds, so that a punctual request may seem to come before it was due.
RESOLUTION_S = 0.005
#: A page that was asked no sooner than this many intervals after the last time was missed once.
MISSED_AFTER = 1.5

Figures = dict[str, float]


def percentile(values: Iterable[float], share: float) -> float:
    """Return the nearest-rank percentile: the smallest value that at least `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def lateness_s(at: float, phase_s: float, interval_s: float) -> float:
    """Return how long after a point of its grid something happened."""
    return max(0.0, (at - phase_s + RESOLUTION_S) % interval_s - RESOLUTION_S)


def missed(
    arrivals: Iterable[tuple[str, float]], pages: Iterable[str], window: tuple[float, float], every_s: float
) -> int:
    """Return how many intervals passed in which a page was not asked, the edges of the window included."""
    times: dict[str, list[float]] = defaultdict(list)
    for page, at in arrivals:
        times[page].append(at)
    count = 0
    for page in pages:
        known = [window[0], *sorted(times[page]), window[1]]
        gaps = [later - earlier for earlier, later in pairwise(known)]
        count += sum(math.ceil(gap / every_s - MISSED_AFTER) for gap in gaps if gap > MISSED_AFTER * every_s)
    return count


class _Line(msgspec.Struct):
    """What matters here of a line of the record."""

    provider: str
    event: str
    logged_at: datetime


def logged_at(record: Iterable[bytes]) -> dict[str, float]:
    """Return when the first new incident of each page was logged, in seconds since the epoch."""
    times: dict[str, float] = {}
    for data in record:
        line = msgspec.json.decode(data, type=_Line)
        if line.event == "new_incident":
            times.setdefault(line.provider, line.logged_at.timestamp())
    return times


def detection(changed_at: Mapping[str, float], logged: Mapping[str, float], requests: Sequence[Request]) -> Figures:
    """Return how long after its page's change an incident was logged, and how long after the answer that shows it."""
    asked: dict[str, float] = {}
    for request in requests:
        changed = changed_at.get(request.page, math.inf)
        # One that waits for its answer when the page changes shows the change, too.
        if request.document == "summary.json" and request.status == 200 and request.at > changed - 1.0:
            asked[request.page] = min(asked.get(request.page, math.inf), request.at)
    seen = [page for page in changed_at if page in logged]
    latencies = [logged[page] - changed_at[page] for page in seen]
    reactions = [logged[page] - asked[page] for page in seen if page in asked]
    return {
        "changes": len(changed_at),
        "changes not logged": len(changed_at) - len(seen),
        "detection p50, s": round(percentile(latencies, 0.5), 3),
        "detection p99, s": round(percentile(latencies, 0.99), 3),
        "asked to logged p50, s": round(percentile(reactions, 0.5), 3),
        "asked to logged p99, s": round(percentile(reactions, 0.99), 3),
    }


def traffic(requests: Sequence[Request]) -> Figures:
    """Return what a quiet check puts on the network, and how many connections it needs."""
    quiet = [request for request in requests if request.status == 304]
    checks = max(1, len(quiet))
    figures = {
        "bytes received per quiet check": round(sum(request.sent_bytes for request in quiet) / checks),
        "bytes sent per quiet check": round(sum(request.received_bytes for request in quiet) / checks),
        "connections per quiet check": round(sum(request.connected for request in quiet) / checks, 4),
    }
    if any(request.shook_hands for request in quiet):
        figures["TLS handshakes per quiet check"] = round(sum(request.shook_hands for request in quiet) / checks, 4)
        figures["of them resumed"] = round(sum(request.resumed for request in quiet) / checks, 4)
    return figures
