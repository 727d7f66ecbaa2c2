"""The facts that the checks judge, gathered once from the data server and the disk."""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from tracker.assessment import Assessment, Reason, State, assess
from tracker.delivery.event_stream import RECORD
from tracker.delivery.sinks.jsonlines import RECORD_NAME
from tracker.environment.data_server import masked_url
from tracker.environment.settings import Settings
from tracker.errors import ConfigError, StoreError
from tracker.ledger.record import record_files, recorded
from tracker.scheduling.dispatch_lag import Scheduling
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import connect
from tracker.store.inspection import ANSWER_S, inspect
from tracker.store.pages import PageStatus
from tracker.store.server_facts import ServerFacts, server_facts
from tracker.store.sinks import RedisSinks, SinkStatus

#: A page with this many events in this time is loud: a large incident has some dozens.
LOUD_EVENTS: Final = 500
LATELY: Final = timedelta(hours=1)
#: Lines of the record that are counted at most, in about a second.
MOST_COUNTED: Final = 50_000


class PageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about all pages together."""

    watched: int = 0
    #: Pages that cannot be read or were not read for too long, by name, with the reason.
    unknown: tuple[tuple[str, Assessment], ...] = ()
    #: The number of pages that were never polled.
    never_asked: int = 0
    #: When any page was polled last.
    newest_check: datetime | None = None
    #: The shortest interval of a page.
    shortest_interval_s: float | None = None


class DiskFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts about the data directory."""

    directory: str
    exists: bool = True
    is_writable: bool = True
    #: Whether the file system takes no writes, as in a container without the volume.
    is_read_only: bool = False
    free_bytes: int = 0
    #: Size of the record, None where there is none yet.
    record_bytes: int | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that the checks judge."""

    now: datetime
    #: The data server without its password.
    address: str
    #: Why the data server cannot be used, as a sentence with its remedy; None if it can.
    unreachable: str | None = None
    server: ServerFacts | None = None
    #: Whether all providers have a due time.
    is_whole: bool = True
    scheduling: Scheduling | None = None
    pages: PageFacts | None = None
    sinks: Sequence[SinkStatus] = ()
    #: Pages with very many events in the last hour, by name, with their number; () if the record is elsewhere.
    loud: tuple[tuple[str, int], ...] = ()
    disk: DiskFacts


def gather(settings: Settings, now: datetime, explain: Callable[[ConfigError], ConfigError] = lambda it: it) -> Facts:
    """Return the facts of this moment; a data server that does not answer is a fact, too, which `explain` words."""
    address, disk = masked_url(settings.redis_url), _disk(settings.data_dir)
    try:
        inspect(settings.redis_url, commands=False)
        client = connect(settings.redis_url, answer_s=ANSWER_S, tries=0)
        try:
            catalogue = RedisCatalogue(client)
            return Facts(
                now=now,
                address=address,
                server=server_facts(client, RECORD),
                is_whole=catalogue.holdings().is_whole,
                scheduling=catalogue.scheduling(now),
                pages=_pages(catalogue, now),
                sinks=RedisSinks(client).statuses(),
                loud=_loud(settings.data_dir, now),
                disk=disk,
            )
        finally:
            client.close()
    except ConfigError as error:
        return Facts(now=now, address=address, unreachable=str(explain(error)), disk=disk)
    except StoreError as error:
        return Facts(now=now, address=address, unreachable=str(error), disk=disk)


def _pages(catalogue: RedisCatalogue, now: datetime) -> PageFacts:
    providers = catalogue.providers()
    checks: list[datetime] = []
    unknown: list[tuple[str, Assessment]] = []
    never_asked = 0
    for page in catalogue.states_of(providers):
        if page.checked_at is not None:
            checks.append(page.checked_at)
        assessment = _assessed(page, now)
        if assessment.reason is Reason.NEVER_ASKED:
            never_asked += 1
        elif assessment.state is State.UNKNOWN:
            unknown.append((page.provider.name, assessment))
    return PageFacts(
        watched=len(providers),
        unknown=tuple(unknown),
        never_asked=never_asked,
        newest_check=max(checks, default=None),
        shortest_interval_s=min((provider.interval_s for provider in providers), default=None),
    )


def _assessed(page: PageStatus, now: datetime) -> Assessment:
    return assess(page.provider, page.state, page.view, page.checked_at, now)


def _loud(directory: Path, now: datetime) -> tuple[tuple[str, int], ...]:
    try:
        lines = islice(recorded(record_files(directory), now - LATELY), MOST_COUNTED)
        counts = Counter(line.event.provider_name for line in lines)
    except ConfigError:
        return ()
    return tuple((name, count) for name, count in counts.most_common() if count >= LOUD_EVENTS)


def _disk(directory: Path) -> DiskFacts:
    if not directory.is_dir():
        return DiskFacts(directory=str(directory), exists=False)
    record = directory / RECORD_NAME
    return DiskFacts(
        directory=str(directory),
        is_writable=os.access(directory, os.W_OK) and (not record.exists() or os.access(record, os.W_OK)),
        is_read_only=bool(os.statvfs(directory).f_flag & os.ST_RDONLY),
        free_bytes=shutil.disk_usage(directory).free,
        record_bytes=record.stat().st_size if record.exists() else None,
    )
