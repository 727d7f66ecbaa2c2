"""A real web server with `/metrics`, and what a scrape of it says."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import redis
from prometheus_client.parser import text_string_to_metric_families

from tests.web.running import RunningWeb, utc
from tracker.delivery.event_stream import RECORD
from tracker.metrics.collector import TrackerCollector
from tracker.metrics.route import metrics_router
from tracker.metrics.updated import UpdatedByHistory
from tracker.store.measures import RedisMeasures
from tracker.web.app import Addition
from tracker.web.now import PageNow
from tracker.web.parts import Parts

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def collector(client: "redis.Redis", parts: Parts) -> TrackerCollector:
    store = RedisMeasures(client, RECORD)

    def pages() -> Iterable[PageNow]:
        return parts.board.now.pages.values()

    return TrackerCollector(pages, store, UpdatedByHistory(parts.history), utc)


def running(client: "redis.Redis", directory: Path, **more: Any) -> RunningWeb:
    return RunningWeb(
        client, directory, additions=lambda parts: [Addition(metrics_router(collector(client, parts)))], **more
    )


def samples(text: str) -> Samples:
    """Return the samples of a scrape by name and labels; the text is read by the official parser."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape(web: RunningWeb) -> Samples:
    response = web.get("/metrics")
    assert response.status_code == 200
    return samples(response.text)


def names(found: Samples) -> set[str]:
    return {name for name, _ in found}


def of(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, tuple(sorted(labels.items()))))
