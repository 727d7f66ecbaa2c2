"""Checks of the data server: how it keeps data, and whether it has room. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from tracker.diagnosis.check import Check, Level
from tracker.diagnosis.wording import size
from tracker.store.server_facts import ServerFacts

CLOCK_WARNING: Final = timedelta(seconds=2)
CLOCK_PROBLEM: Final = timedelta(seconds=30)
MEMORY_WARNING: Final = 0.9


def server_checks(server: ServerFacts, now: datetime) -> Iterable[Check]:
    """Yield the checks of a data server that answers."""
    yield _version(server)
    yield _persistence(server)
    yield _eviction(server)
    yield _memory(server)
    yield _clock(server, now)


def _version(server: ServerFacts) -> Check:
    if not server.version:
        return Check(name="version", level=Level.UNKNOWN, finding="the data server does not say its version")
    return Check(name="version", level=Level.OK, finding=server.version)


def _persistence(server: ServerFacts) -> Check:
    name = "persistence"
    if server.append_failed or server.snapshot_failed:
        what = "append to its file" if server.append_failed else "take its last snapshot"
        return Check(
            name=name,
            level=Level.PROBLEM,
            finding=f"the data server could not {what}",
            remedy="Read the data server's log; mostly its disk is full or its directory is not writable.",
        )
    if server.appends:
        return Check(name=name, level=Level.OK, finding="every write is appended to a file")
    if server.appends is None:
        return Check(name=name, level=Level.UNKNOWN, finding="this user may not ask how data are kept (INFO, CONFIG)")
    if server.snapshots:
        return Check(
            name=name,
            level=Level.WARNING,
            finding="the data server takes snapshots only: a crash loses all writes after the last one",
            remedy="Set appendonly to yes on the data server.",
        )
    return Check(
        name=name,
        level=Level.PROBLEM,
        finding="the data server loses everything when it restarts",
        remedy="Set appendonly to yes on the data server.",
    )


def _eviction(server: ServerFacts) -> Check:
    name, policy = "eviction", server.eviction_policy
    if policy is None:
        return Check(name=name, level=Level.UNKNOWN, finding="this user may not ask for the eviction policy")
    if policy == "noeviction":
        return Check(name=name, level=Level.OK, finding="nothing is evicted (noeviction)")
    return Check(
        name=name,
        level=Level.PROBLEM,
        finding=f"the data server may evict the tracker's keys ({policy})",
        remedy="Set maxmemory-policy to noeviction on the data server.",
    )


def _memory(server: ServerFacts) -> Check:
    name, used, limit = "memory", server.used_bytes, server.limit_bytes
    if used is None:
        return Check(name=name, level=Level.UNKNOWN, finding="the data server does not say how much memory it uses")
    if limit is None:
        return Check(name=name, level=Level.OK, finding=f"{size(used)} used, no limit set")
    finding = f"{size(used)} of {size(limit)} used"
    if used < MEMORY_WARNING * limit:
        return Check(name=name, level=Level.OK, finding=finding)
    return Check(
        name=name,
        level=Level.PROBLEM if used >= limit else Level.WARNING,
        finding=finding,
        remedy="Raise maxmemory on the data server; when it is full, nothing new can be kept.",
    )


def _clock(server: ServerFacts, now: datetime) -> Check:
    apart = abs(server.clock - now)
    finding = f"this machine and the data server are {apart.total_seconds():.1f} s apart"
    if apart <= CLOCK_WARNING:
        return Check(name="clock", level=Level.OK, finding=finding)
    return Check(
        name="clock",
        level=Level.PROBLEM if apart > CLOCK_PROBLEM else Level.WARNING,
        finding=finding,
        remedy="Synchronise both clocks (NTP); times and ages are wrong until then.",
    )
