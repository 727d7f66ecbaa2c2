"""The parts of a worker process, put together over a real data server."""

from pathlib import Path

import pytest
import redis

from tests.contract.fetch_origin import Exchange, Origin
from tests.fakes import NOON, provider
from tests.receiver import Receiver
from tests.unit.alerting.stories import an_event
from tracker.bootstrap import Runtime
from tracker.environment.settings import Settings
from tracker.model.channel import WebhookChannelConfig
from tracker.model.event import encode_event
from tracker.model.route import Alerting, Route
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import UPDATES, page_key


@pytest.mark.parametrize("posted_before", [False, True])
def test_a_message_of_an_alert_has_its_link_whatever_the_process_posted_before(
    valkey: "redis.Redis", valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, posted_before: bool
) -> None:
    monkeypatch.setenv("TRACKER_WEB_URL", "https://tracker.example")
    runtime = Runtime(Settings.from_environment({"REDIS_URL": valkey_url, "TRACKER_DATA_DIR": str(tmp_path)}))
    with Receiver() as chat:
        channel = WebhookChannelConfig(name="chat", url=chat.url, allow_private=True)
        RedisCatalogue(valkey).put([provider()], NOON)
        runtime.alerts.sync(Alerting(channels=(channel,), routes=(Route(to=("chat",)),)))
        valkey.xadd(UPDATES, {"event": encode_event(an_event())})
        if posted_before:
            runtime.deliver_updates("ops")
        runtime.decide_alerts()

        assert runtime.send_alerts("chat") == 1

    runtime.close()
    assert chat.accepted[0].event["data"]["act_link"].startswith("https://tracker.example/")


def test_a_search_that_a_thread_carries_out_ends_with_the_process_and_writes_no_failure(
    valkey: "redis.Redis", valkey_url: str, tmp_path: Path
) -> None:
    runtime = Runtime(Settings.from_environment({"REDIS_URL": valkey_url, "TRACKER_DATA_DIR": str(tmp_path)}))

    def script(exchange: Exchange) -> None:
        runtime.close()
        exchange.answer("404 Not Found")

    with Origin(script) as origin:
        RedisCatalogue(valkey).put([provider(url=origin.url(), allow_private=True)], NOON)
        with pytest.raises(RuntimeError, match="the process ends"):
            runtime.poller.poll("acme")

    assert len(origin.requests) == 1
    assert not valkey.hexists(page_key("acme"), "state")
