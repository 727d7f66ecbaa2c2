"""Arithmetic on what was measured. Pure."""

import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

import msgspec

from benchmarks.origin.access_log import Request

#: Both times of a log line are cut to milliseconds, so that a punctual request may seem to come before it was due.
RESOLUTION_S = 0.005
#: A page that was requested no sooner than this many intervals after the last time was missed once.
MISSED_AFTER = 1.5

Figures = dict[str, float]


def percentile(values: Iterable[float], share: float) -> float:
    """Return the nearest-rank percentile: the smallest value that at least `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def lateness_s(at: float, phase_s: float, interval_s: float) -> float:
    """Return how long after a point of its grid something happened."""
    return max(0.0, (at - phase_s + RESOLUTION_S) % interval_s - RESOLUTION_S)


def by_page(requests: Iterable[Request]) -> dict[str, "array[float]"]:
    """Return when each page was requested, in order; eight bytes a request, of which there may be millions."""
    times: dict[str, array[float]] = defaultdict(lambda: array("d"))
    for request in requests:
        times[request.page].append(request.at)
    return {page: array("d", sorted(at)) for page, at in times.items()}


def missed(
    times: Mapping[str, Sequence[float]], pages: Iterable[str], window: tuple[float, float], every_s: float
) -> int:
    """Return how many intervals passed in which a page was not requested, the edges of the window included."""
    count = 0
    for page in pages:
        known = [window[0], *times.get(page, ()), window[1]]
        gaps = [later - earlier for earlier, later in pairwise(known)]
        count += sum(math.ceil(gap / every_s - MISSED_AFTER) for gap in gaps if gap > MISSED_AFTER * every_s)
    return count


def gaps(times: Mapping[str, Sequence[float]], pages: Iterable[str], every_s: float) -> Figures:
    """Return by how much the time between two requests for a page exceeds the interval; nothing if none had two."""
    over = array("d")
    for page in pages:
        over.extend(later - earlier - every_s for earlier, later in pairwise(times.get(page, ())))
    if not over:
        return {}
    return {
        "gap over the interval p50, ms": round(percentile(over, 0.5) * 1e3),
        "gap over the interval p99, ms": round(percentile(over, 0.99) * 1e3),
        "gap over the interval at most, ms": round(max(over) * 1e3),
    }


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


def detection(changed_at: Mapping[str, float], logged: Mapping[str, float], requests: Iterable[Request]) -> Figures:
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
        "requested to logged p50, s": round(percentile(reactions, 0.5), 3),
        "requested to logged p99, s": round(percentile(reactions, 0.99), 3),
    }


class Traffic:
    """Counts what quiet checks put on the network, and how many connections they need."""

    def __init__(self) -> None:
        self.checks = 0
        self._sent = self._received = self._connections = self._handshakes = self._resumed = 0

    def add(self, request: Request) -> None:
        """Count a request, if it is a quiet check."""
        if request.status != 304:
            return
        self.checks += 1
        self._sent += request.sent_bytes
        self._received += request.received_bytes
        self._connections += request.connected
        self._handshakes += request.shook_hands
        self._resumed += request.resumed

    def figures(self) -> Figures:
        """Return it for one check."""
        checks = max(1, self.checks)
        figures = {
            "bytes received per quiet check": round(self._sent / checks),
            "bytes sent per quiet check": round(self._received / checks),
            **self.connections(),
        }
        if self._handshakes:
            figures["of them resumed"] = round(self._resumed / checks, 4)
        return figures

    def connections(self) -> Figures:
        """Return the connections that a check needs; TLS handshakes where there are some."""
        checks = max(1, self.checks)
        figures: Figures = {"connections per quiet check": round(self._connections / checks, 4)}
        if self._handshakes:
            figures["TLS handshakes per quiet check"] = round(self._handshakes / checks, 4)
        return figures
