"""Families of metrics, from which the text of a scrape is made. Pure.

Values of labels are ids and the tracker's own words, except names of components: vendors' text, cut to one line.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from tracker import __version__
from tracker.alerting.channel import Severity
from tracker.assessment import KnownPage, Reason, State, assess_component
from tracker.metrics.delays import Delays
from tracker.model.filters import is_named
from tracker.model.page import Impact
from tracker.model.page_state import PageState
from tracker.model.plain import one_line
from tracker.polling.poll_cost import FAILED, Savings
from tracker.store.measures import AlertCount, Measures

#: Components of one provider that get series, and characters of a component's name.
MOST_COMPONENTS: Final = 50
_LONGEST_NAME: Final = 120
_UNREADABLE: Final = (Reason.UNREADABLE, Reason.STALE, Reason.NEVER_ASKED)
_STATES: Final = tuple(State)


def own_families(*, is_ok: bool) -> Iterator[Metric]:
    """Yield the families that are known even while the data server is away."""
    yield _gauge("tracker_build_info", "The version that serves these metrics; always 1.", ["version"], [(
        [__version__], 1
    )])  # fmt: skip
    yield _gauge("tracker_scrape_ok", "1 if the data server answered this scrape.", [], [([], is_ok)])


def page_families(pages: Sequence[KnownPage], now: datetime) -> Iterator[Metric]:
    """Yield the states of pages and their named components."""
    one = ["provider"]
    ids = [[page.provider.id] for page in pages]
    yield _gauge(
        "tracker_provider_state",
        "1 for the state that a provider has, 0 for the others; unknown is a state, and so is not_asked.",
        ["provider", "state"],
        [
            ([page.provider.id, state.value], page.assessment.state is state)
            for page in pages
            for state in _STATES
        ],
    )  # fmt: skip
    readable = [page.assessment.reason not in _UNREADABLE for page in pages]
    yield _gauge("tracker_provider_readable", "1 while the page can be read.", one, zip(ids, readable, strict=True))
    yield from _reading_families(pages)
    yield _gauge(
        "tracker_component_state",
        "As tracker_provider_state, of the components that a provider's filter names, 50 of each provider at most.",
        ["provider", "component", "state"],
        [sample for page in pages if page.provider.components for sample in _component_samples(page, now)],
    )
    if pages:
        shortest = min(page.provider.interval_s for page in pages)
        yield _gauge("tracker_shortest_interval_seconds", "The shortest interval of a page.", [], [([], shortest)])


def _reading_families(pages: Sequence[KnownPage]) -> Iterator[Metric]:
    """Yield when pages were read, and their open incidents and maintenances."""
    one = ["provider"]
    ids = [[page.provider.id] for page in pages]
    checked = [page.checked_at for page in pages]
    yield _gauge(
        "tracker_provider_checked_timestamp_seconds",
        "When the page was polled last, with or without success.",
        one,
        [(id_, at.timestamp()) for id_, at in zip(ids, checked, strict=True) if at is not None],
    )
    yield _gauge(
        "tracker_provider_open_incidents",
        "Open incidents by impact, of providers that have some; those without an impact count as minor.",
        ["provider", "impact"],
        [
            ([page.provider.id, impact.value], count)
            for page in pages
            if page.view.open_incidents
            for impact, count in Counter(each.impact or Impact.MINOR for each in page.view.open_incidents).items()
        ],
    )
    yield _gauge(
        "tracker_provider_maintenance_active",
        "1 while a maintenance is ongoing.",
        one,
        [(id_, bool(page.view.open_maintenances)) for id_, page in zip(ids, pages, strict=True)],
    )


def _component_samples(page: KnownPage, now: datetime) -> Iterator[tuple[list[str], float]]:
    """Yield the states of named components; of those with one name, the worst."""
    found: dict[str, State] = {}
    for component in page.view.known_statuses:
        if not is_named(page.provider, component):
            continue
        name = one_line(component.name, _LONGEST_NAME) or one_line(component.id, _LONGEST_NAME)
        if name not in found and len(found) == MOST_COMPONENTS:
            continue
        own = assess_component(page.provider, _READ, component, page.checked_at, now).state
        state = page.assessment.state if page.assessment.reason in _UNREADABLE else own
        found[name] = min(found.get(name, state), state, key=lambda each: each.rank)
    for name, state in found.items():
        for each in _STATES:
            yield [page.provider.id, name, each.value], each is state


#: The state of a page that was read: whether this one was is known already.
_READ: Final = PageState(seeded=True)


def measured_families(measures: Measures) -> Iterator[Metric]:
    """Yield the numbers of the data server."""
    yield from _poll_families(measures.savings.items())
    yield from _scheduling_families(measures)
    yield from _record_families(measures)
    sinks = [([status.webhook.name], status) for status in measures.sinks]
    yield from _output_families("sink", "sink", [
        (labels, status.waiting, status.delivered, status.streak.failing_since) for labels, status in sinks
    ])  # fmt: skip
    yield _gauge(
        "tracker_sink_dead", "Dead letters of a sink.", ["sink"], [(labels, status.dead) for labels, status in sinks]
    )
    yield from _output_families("channel", "channel of alerts", [
        ([state.name], state.ready, state.delivered, state.failing_since) for state in measures.channels
    ])  # fmt: skip
    yield _gauge(
        "tracker_drill_success_timestamp_seconds",
        "When the last drill of a channel succeeded; absent for a channel without one.",
        ["channel"],
        [([name], at.timestamp()) for name, at in measures.drills.items()],
    )


def _poll_families(counters: Iterable[tuple[str, Savings]]) -> Iterator[Metric]:
    polls: list[tuple[list[str], float]] = []
    received: list[tuple[list[str], float]] = []
    for id_, savings in counters:
        received.append(([id_], savings.received_bytes))
        polls += [([id_, ending], n) for ending, n in savings.endings.items() if n or ending == FAILED]
    help_text = "Polls by response class; classes without a poll are left out, except failed."
    yield _counter("tracker_polls", help_text, ["provider", "ending"], polls)
    yield _counter(
        "tracker_received_bytes", "Bytes of all bodies that came, as they were sent.", ["provider"], received
    )


def _scheduling_families(measures: Measures) -> Iterator[Metric]:
    scheduling = measures.scheduling
    yield _gauge(
        "tracker_schedulers",
        "Schedulers (beat) that reported within the last minute.",
        [],
        [([], len(scheduling.schedulers))],
    )
    lateness = Metric(
        "tracker_schedule_lateness_seconds",
        "How late pages were dispatched within the last minute, by the scheduler with the longest delay.",
        "summary",
    )
    for quantile, of in _QUANTILES:
        late = [value for report in scheduling.schedulers if (value := of(report)) is not None]
        if late:
            lateness.add_sample(lateness.name, {"quantile": quantile}, max(late))
    dispatched = sum(report.dispatched for report in scheduling.schedulers)
    lateness.add_sample(f"{lateness.name}_count", {}, dispatched)
    yield lateness
    overdue_help = "Pages that have been due for more than a second."
    yield _gauge("tracker_overdue_providers", overdue_help, [], [([], scheduling.overdue)])
    yield _gauge(
        "tracker_queue_length",
        "Celery messages that wait, by queue.",
        ["queue"],
        [([queue], length) for queue, length in measures.server.queued.items()],
    )


_QUANTILES: Final = (
    ("0.5", attrgetter("late_p50_s")),
    ("0.99", attrgetter("late_p99_s")),
    ("1", attrgetter("late_max_s")),
)


def _record_families(measures: Measures) -> Iterator[Metric]:
    server = measures.server
    length_help = "Entries of the stream of events, delivered ones included."
    yield _gauge("tracker_stream_length", length_help, [], [([], measures.stream_length)])
    waiting_help = "Updates that are not on record yet; 1,000 means 1,000 or more."
    yield _gauge("tracker_record_waiting", waiting_help, [], [([], server.unrecorded)])
    yield _gauge(
        "tracker_record_waiting_since_timestamp_seconds",
        "When the oldest of them came; absent while all are on record.",
        [],
        [] if server.unrecorded_since is None else [([], server.unrecorded_since.timestamp())],
    )


def _output_families(
    what: str, words: str, outputs: Sequence[tuple[list[str], int, int, datetime | None]]
) -> Iterator[Metric]:
    waiting = [(labels, waiting) for labels, waiting, _, _ in outputs]
    yield _gauge(f"tracker_{what}_waiting", f"Deliveries that wait for a {words}.", [what], waiting)
    delivered = [(labels, delivered) for labels, _, delivered, _ in outputs]
    yield _counter(f"tracker_{what}_delivered", f"Deliveries that a {words} has accepted.", [what], delivered)
    yield _gauge(
        f"tracker_{what}_failing_since_timestamp_seconds",
        f"When a {words} began to fail; absent while it works.",
        [what],
        [(labels, since.timestamp()) for labels, _, _, since in outputs if since is not None],
    )


def alert_families(alerts: AlertCount) -> Iterator[Metric]:
    """Yield the counts of open alerts and of given-up messages."""
    yield _gauge(
        "tracker_alerts_open",
        "Open alerts by severity, and by whether they are acknowledged or snoozed; drills are left out.",
        ["severity", "acked"],
        [
            ([severity.value, str(is_acked).lower()], alerts.open.get((severity, is_acked), 0))
            for severity in Severity
            for is_acked in (False, True)
        ],
    )
    dead = [([channel], count) for channel, count in alerts.dead.items()]
    yield _gauge("tracker_channel_dead", "Alerts with a message that a channel refused for good.", ["channel"], dead)


def delay_families(delays: Delays) -> Iterator[Metric]:
    """Yield the delays of updates."""
    family = HistogramMetricFamily(
        "tracker_update_delay_seconds",
        "How long updates took since this process started: from the vendor's date to seen, and from then to delivered.",
        labels=["step"],
    )
    for step, histogram in delays.histograms.items():
        family.add_metric([step], histogram.buckets(), histogram.sum_s)
    yield family


def _gauge(name: str, words: str, labels: Sequence[str], samples: Iterable[tuple[list[str], float]]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=labels)
    for values, value in samples:
        family.add_metric(values, float(value))
    return family


def _counter(name: str, words: str, labels: Sequence[str], samples: Iterable[tuple[list[str], float]]) -> Metric:
    family = CounterMetricFamily(name, words, labels=labels)
    for values, value in samples:
        family.add_metric(values, float(value))
    return family
