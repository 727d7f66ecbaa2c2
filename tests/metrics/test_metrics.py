"""`/metrics` over a real data server: every family, hostile names, and what is left when the data server is away."""

import shutil
import subprocess
from pathlib import Path

import pytest
import redis
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

from tests.data_server import DataServer
from tests.metrics.running import collector, names, of, running, samples, scrape
from tests.outbox import DEAD_LETTER, committed, webhook
from tests.patience import eventually
from tests.unit.alerting.stories import an_event
from tests.web.running import failing, provider, utc, well
from tracker import __version__
from tracker.alerting.decider import Decider
from tracker.delivery.event_stream import RECORD
from tracker.delivery.latency import Timing
from tracker.environment.web import WebSettings
from tracker.metrics.exposition import exposition
from tracker.model.channel import WebhookChannelConfig
from tracker.model.event import encode_event
from tracker.model.page import Component, ComponentStatus, OpenIncident
from tracker.model.route import Alerting, Route
from tracker.scheduling.dispatch_lag import SchedulerReport
from tracker.store.alerts import RedisAlerts
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import CHANNEL_DEAD_PREFIX, UPDATES, connect, latency_key, page_key
from tracker.store.outbox import RedisOutbox
from tracker.store.sinks import RedisSinks
from tracker.store.stream import RedisStream

TOKEN = "a-token-of-this-test-1"
#: The name of a component that would end the line, the label or the metric, if it could.
HOSTILE = 'a"} 1\ntracker_build_info{version="\u202e0\x00"} 666\\ <script>' + "x" * 5000


def busy(client: "redis.Redis") -> None:
    """Have the data server hold something of everything that is counted."""
    now = utc()
    RedisCatalogue(client).report(
        SchedulerReport(name="h:1", at=now, dispatched=9, late_p50_s=0.1, late_p99_s=2, late_max_s=3)
    )
    client.lpush("fetch", b"a", b"b")
    client.hset(page_key("acme"), mapping={"polls_not_modified": 7, "polls_changed": 2, "received_bytes": 4096})
    sinks, outbox = RedisSinks(client), RedisOutbox(client)
    sinks.sync([webhook("ops")])
    alerts = RedisAlerts(client)
    channels = tuple(WebhookChannelConfig(name=name, url="https://r.example") for name in ("chat", "mail"))
    alerts.sync(Alerting(channels=channels, routes=(Route(to=("chat", "mail")),)))
    committed(client, "e1", "e2")
    lease = outbox.begin("ops", now)
    assert lease is not None
    outbox.acknowledge(lease, outbox.take(lease, 1)[0], DEAD_LETTER, now)
    outbox.end(lease)
    client.xadd(UPDATES, {"event": encode_event(an_event())})
    Decider(alerts, utc).run()
    (alert, *_) = alerts.open_alerts()
    alerts.note_drill(["chat"], now)
    client.zadd(CHANNEL_DEAD_PREFIX + "mail", {alert.id: 0})


def test_every_family_says_what_the_data_server_holds(valkey: "redis.Redis", tmp_path: Path) -> None:
    with running(valkey, tmp_path) as web:
        web.watch((provider(components=("API",)), failing()), (provider("beta", interval_s=30), well()))
        web.watch((provider("gone"), well()), failures=9, failing_since=utc(), unreadable_since=utc(), failure="404")
        busy(valkey)
        found = scrape(web)

    assert of(found, "tracker_build_info", version=__version__) == 1
    assert of(found, "tracker_scrape_ok") == 1
    states = {
        name: [labels["state"] for (metric, pairs), value in found.items() if metric == "tracker_provider_state"
               and value and (labels := dict(pairs))["provider"] == name]
        for name in ("acme", "beta", "gone")
    }  # fmt: skip
    assert states == {"acme": ["major"], "beta": ["operational"], "gone": ["unknown"]}
    assert [of(found, "tracker_provider_readable", provider=name) for name in states] == [1, 1, 0]
    assert of(found, "tracker_provider_open_incidents", provider="acme", impact="major") == 1
    assert of(found, "tracker_provider_maintenance_active", provider="beta") == 0
    assert of(found, "tracker_component_state", provider="acme", component="API", state="operational") == 1
    assert not any(dict(pairs).get("component") == "Web" for _, pairs in found)
    assert of(found, "tracker_shortest_interval_seconds") == 30
    assert of(found, "tracker_polls_total", provider="acme", ending="not_modified") == 7
    assert of(found, "tracker_polls_total", provider="acme", ending="failed") == 0
    assert of(found, "tracker_received_bytes_total", provider="acme") == 4096
    assert of(found, "tracker_schedulers") == 1
    assert of(found, "tracker_schedule_lateness_seconds", quantile="0.99") == 2
    assert of(found, "tracker_queue_length", queue="fetch") == 2
    assert of(found, "tracker_queue_length", queue="print") == 0
    assert of(found, "tracker_stream_length") == of(found, "tracker_record_waiting") == 3
    assert of(found, "tracker_record_waiting_since_timestamp_seconds")
    assert (of(found, "tracker_sink_waiting", sink="ops"), of(found, "tracker_sink_dead", sink="ops")) == (2, 1)
    assert of(found, "tracker_sink_delivered_total", sink="ops") == 0
    assert [of(found, "tracker_channel_dead", channel=name) for name in ("chat", "mail")] == [0, 1]
    assert [of(found, "tracker_channel_waiting", channel=name) for name in ("chat", "mail")] == [1, 1]
    assert of(found, "tracker_alerts_open", severity="error", acked="false") == 1
    assert sum(value for (name, _), value in found.items() if name == "tracker_alerts_open") == 1
    assert of(found, "tracker_drill_success_timestamp_seconds", channel="chat")
    assert of(found, "tracker_drill_success_timestamp_seconds", channel="mail") is None
    assert "process_resident_memory_bytes" in names(found)


def test_the_text_is_that_of_the_library(valkey: "redis.Redis", tmp_path: Path) -> None:
    part = Component(id="c", name='a "quoted" \\ name', status=ComponentStatus.MAJOR_OUTAGE)
    with running(valkey, tmp_path) as web:
        web.watch((provider(components=("a*",)), well(components={"c": part})), (provider("beta"), failing()))
        busy(valkey)
        web.parts.board.refresh()
        families = list(collector(valkey, web.parts).collect())
    registry = CollectorRegistry(auto_describe=False)
    registry.collect = lambda: families  # type: ignore[method-assign]

    assert exposition(families, is_open=False) == generate_latest(registry)
    assert exposition(families, is_open=True) == openmetrics.generate_latest(registry)


def test_hostile_names_stay_within_their_label(valkey: "redis.Redis", tmp_path: Path) -> None:
    part = Component(id="c", name=HOSTILE, status=ComponentStatus.MAJOR_OUTAGE)
    incident = OpenIncident(id="i", name=HOSTILE, status="investigating")
    view = well(components={"c": part}, open_incidents=(incident,))
    with running(valkey, tmp_path) as web:
        web.watch((provider(components=("a*",)), view))
        text = web.get("/metrics").text
    found = samples(text)
    assert {dict(pairs)["version"] for name, pairs in found if name == "tracker_build_info"} == {__version__}
    (name,) = {dict(pairs)["component"] for metric, pairs in found if metric == "tracker_component_state"}
    assert len(name) <= 120
    assert not {"\n", "\x00", "\u202e"} & set(name)
    assert max(map(len, text.splitlines())) < 400


def test_delays_are_counted_once_from_the_start_on(valkey: "redis.Redis", tmp_path: Path) -> None:
    stream, now = RedisStream(valkey), utc()
    known = int(now.timestamp() * 1000)

    def timed(number: int, published_s: float) -> Timing:
        return Timing(stream_id=f"{known + number * 1000}-0", published_s=published_s, unseen_s=60, logged_s=0.25)

    def counted() -> tuple[float | None, float | None]:
        found = scrape(web)
        return (
            of(found, "tracker_update_delay_seconds_count", step="seen"),
            of(found, "tracker_update_delay_seconds_bucket", step="delivered", le="0.5"),
        )

    with running(valkey, tmp_path) as web:
        web.watch((provider(), well()))
        stream.save_timings(RECORD, "1-0", {"acme": [timed(-500, 3)]})
        assert counted() == (0, 0)
        web.happen(an_event())
        assert counted() == (0, 0)
        # The printer writes timings after the line is on record.
        stream.save_timings(RECORD, "1-1", {"acme": [timed(1, 20), timed(2, 900)]})
        assert counted() == (1, 2)
        assert counted() == (1, 2)
    assert valkey.zcard(latency_key("acme")) == 3


def test_who_may_not_read_may_not_scrape(valkey: "redis.Redis", tmp_path: Path) -> None:
    settings = WebSettings(token=TOKEN, hosts=frozenset({"status.example"}))
    with running(valkey, tmp_path, settings=settings, bound="0.0.0.0") as web:
        host = {"Host": "status.example"}
        assert web.get("/metrics", headers=host).status_code == 401
        assert web.get("/metrics", headers=host | {"Authorization": f"Bearer {TOKEN}"}).status_code == 200
        assert web.get("/metrics", headers={"Host": "evil.example"}).status_code == 421
        kind = web.get("/metrics", headers=host | {
            "Authorization": f"Bearer {TOKEN}", "Accept": "application/openmetrics-text;version=1.0.0"
        })  # fmt: skip
    assert kind.headers["content-type"].startswith("application/openmetrics-text")
    assert kind.text.endswith("# EOF\n")


def test_without_the_data_server_the_scrape_says_so_and_ages(tmp_path: Path, free_port: int) -> None:
    with DataServer(tmp_path, free_port) as server, connect_to(server) as client, running(client, tmp_path) as web:
        web.watch((provider(interval_s=1), well()), read_s_ago=50)
        assert of(scrape(web), "tracker_provider_state", provider="acme", state="operational") == 1
        server.kill()
        found = scrape(web)
        assert of(found, "tracker_scrape_ok") == 0
        assert of(found, "tracker_build_info", version=__version__) == 1
        assert not {name for name in names(found) if name.startswith(("tracker_queue", "tracker_alerts"))}
        eventually(lambda: of(scrape(web), "tracker_provider_state", provider="acme", state="unknown") == 1)


def connect_to(server: DataServer) -> "redis.Redis":
    return connect(server.url, tries=0, answer_s=2)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is what judges the names")
def test_promtool_finds_nothing_to_say(valkey: "redis.Redis", tmp_path: Path) -> None:
    with running(valkey, tmp_path) as web:
        web.watch((provider(components=("API",)), failing()))
        busy(valkey)
        text = web.get("/metrics").text
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
