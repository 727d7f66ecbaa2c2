"""What one channel type alone has to get right."""

import signal
from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from tests.channels.conftest import Bench
from tests.channels.fakes.service import Fault
from tests.channels.fakes.slack import FakeSlack
from tests.channels.story import KEY, NOON, TEXTS, entry, life, message
from tests.contract.fetch_origin import Origin
from tracker.alerting.caller import Call, Caller, CallReply
from tracker.alerting.channel import Operation, Severity
from tracker.alerting.channels.alertmanager import Alertmanager
from tracker.alerting.channels.apprise import Apprise
from tracker.errors import ChannelFailed, ChannelRefused, ConfigError, FetchError
from tracker.fetch.post import RequestsPoster
from tracker.model.channel import AlertmanagerConfig, AppriseConfig

BenchFor = Callable[[str], Bench]


@pytest.fixture
def slack(bench_for: BenchFor) -> Bench:
    return bench_for("slack")


@pytest.fixture
def discord(bench_for: BenchFor) -> Bench:
    return bench_for("discord")


def send_all(bench: Bench, messages, handle=None) -> str | None:
    for each in messages:
        handle = bench.channel.send(each, handle)
    return handle


def broadcasts(service: FakeSlack) -> list[bool]:
    return [each["reply_broadcast"] for each in service.messages if "thread_ts" in each]


def test_slack_says_aloud_only_what_is_worse_and_the_end(slack: Bench) -> None:
    send_all(slack, life())

    root, *replies = slack.service.messages
    assert broadcasts(slack.service) == [False, False, False, True, True]
    assert root["edits"] == 4
    assert "Resolved after 5 min" in root["text"]
    assert {reply["thread_ts"] for reply in replies} == {root["ts"]}
    assert root["unfurl_links"] is root["unfurl_media"] is False


def test_slack_shows_the_updates_of_versions_that_were_skipped(slack: Bench) -> None:
    first, *_, last = life()
    send_all(slack, [first, last])

    assert [text for each in slack.service.messages[1:] for text in TEXTS if text in each["text"]] == list(TEXTS)


def test_slack_goes_on_where_a_rate_limit_stopped_it(slack: Bench) -> None:
    first, *_, last = life()
    handle = send_all(slack, [first])
    original = slack.service.carry_out
    posted = 0

    def stop_after_two(asked):
        nonlocal posted
        is_reply = asked.path.endswith("chat.postMessage")
        posted += is_reply
        return slack.service.failure(Fault.SLOW_DOWN) if is_reply and posted == 3 else original(asked)

    slack.service.carry_out = stop_after_two
    with pytest.raises(ChannelFailed) as caught:
        slack.channel.send(last, handle)
    assert caught.value.retry_after_s == 7.0
    handle = slack.channel.send(last, caught.value.handle)

    texts = [text for each in slack.service.messages[1:] for text in TEXTS if text in each["text"]]
    assert texts == list(TEXTS)


def test_slack_without_the_right_to_read_still_shows_everything(slack: Bench) -> None:
    slack.service.may_read = False
    first, *_, last = life()
    slack.service.fail_next(Fault.LOST_ANSWER)
    with pytest.raises(FetchError):
        slack.channel.send(first, None)
    handle = slack.channel.send(first, None, in_doubt=True)
    slack.channel.send(last, handle)

    assert [each.is_open for each in slack.service.shown()] == [True, False]


def test_slack_shows_an_end_without_an_update(slack: Bench) -> None:
    first = life()[0]
    handle = send_all(slack, [first])
    slack.channel.send(replace(first, act=Operation.CLOSE, version=2, status="resolved", ended_at=NOON), handle)

    assert broadcasts(slack.service) == [False, True]
    assert slack.service.messages[-1]["text"] == "Resolved after 0 s"


def test_slack_where_late_edits_are_forbidden(slack: Bench) -> None:
    handle = send_all(slack, life()[:1])
    slack.service.is_late = True
    send_all(slack, life()[1:], handle)

    assert len(slack.service.replies(slack.service.messages[0])) == 5


def test_discord_posts_anew_what_somebody_deleted(discord: Bench) -> None:
    handle = send_all(discord, life()[:2])
    discord.service.messages.clear()
    send_all(discord, life()[2:], handle)

    [shown] = discord.service.shown()
    assert shown.closed == 1


def test_discord_says_where_a_message_whose_answer_was_lost_may_stay_open(discord: Bench) -> None:
    """A webhook cannot find the first one; at most one such message is left, and its successor names it to the end."""
    first, *rest = life()
    discord.service.fail_next(Fault.LOST_ANSWER)
    with pytest.raises(FetchError):
        discord.channel.send(first, None)
    handle = discord.channel.send(first, None, in_doubt=True)
    texts = [discord.service.shown()[-1].texts]
    send_all(discord, rest, handle)
    lost, shown = discord.service.shown()

    assert (lost.is_open, shown.is_open) == (True, False)
    assert [any("may show this alert, too" in line for line in each) for each in (*texts, shown.texts)] == [True, True]
    assert not any("may show" in line for line in lost.texts)


def test_discord_waits_for_another_address_where_somebody_deleted_the_webhook(discord: Bench) -> None:
    handle = send_all(discord, life()[:1])
    discord.service.PATH = "/api/webhooks/another"
    for given in (handle, None):
        with pytest.raises(ChannelFailed, match=r"answered 404: .*; check the channel's address") as caught:
            discord.channel.send(life()[-1], given)
        assert caught.value.handle == given


def test_discord_keeps_the_thread_of_its_address(discord: Bench) -> None:
    discord.environ["URL"] += "?thread_id=77"
    send_all(discord, life())

    assert {asked.query["thread_id"] for asked in discord.service.asked} == {"77"}


class Recorder(Caller):
    """Keeps calls and accepts them."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def call(self, call: Call) -> CallReply:
        self.calls.append(call)
        return CallReply(status=200)


def test_alertmanager_ends_one_severity_and_begins_the_next_in_one_call() -> None:
    recorder = Recorder()
    config = AlertmanagerConfig(name="oncall", api_url="http://alertmanager:9093/am/")
    channel = Alertmanager(config, {}, recorder, lambda: NOON + timedelta(minutes=9))
    handle = channel.send(message(), None)
    channel.send(message(Operation.CHANGE, 2, severity=Severity.CRITICAL), handle)

    assert channel.resend_every == timedelta(minutes=2)
    last = recorder.calls[-1]
    assert last.url == "http://alertmanager:9093/am/api/v2/alerts"
    assert b'"severity":"warning"' in last.body
    assert b'"severity":"critical"' in last.body
    assert last.body.count(b'"endsAt":"2026-11-27T12:09:00.000Z"') == 1
    assert b'"endsAt":"2026-11-28T12:09:00.000Z"' in last.body


def test_a_link_that_is_no_address_is_left_out(bench_for: BenchFor) -> None:
    pagerduty = bench_for("pagerduty")
    pagerduty.channel.send(message(link="javascript:alert(1)"), None)

    assert "links" not in pagerduty.service.asked[0].json
    assert pagerduty.service.asked[0].json["dedup_key"] == KEY


def test_apprise_is_ended_when_its_time_is_over() -> None:
    config = AppriseConfig(name="oncall", url_env="URL")
    with Origin(lambda exchange: exchange.dawdle()) as origin:
        channel = Apprise(config, {"URL": origin.url("/x").replace("http", "json")}, timeout_s=1.0)
        with pytest.raises(ChannelFailed, match="did not end within 1 s"):
            channel.send(message(), None)

    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_apprise_that_is_not_installed_keeps_alerts_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.alerting.channels.apprise.find_spec", lambda _name: None)
    channel = Apprise(AppriseConfig(name="oncall", url_env="URL"), {"URL": "json://localhost"})

    with pytest.raises(ConfigError, match=r'channel "oncall": type apprise needs the library'):
        channel.send(message(), None)


def test_apprise_says_that_an_address_is_none() -> None:
    channel = Apprise(AppriseConfig(name="oncall", url_env="URL"), {"URL": "nonsense://secret-part"})

    with pytest.raises(ChannelRefused, match=r"URL holds no address that apprise knows") as caught:
        channel.send(message(), None)
    assert "secret-part" not in str(caught.value)


def test_a_call_that_must_not_arrive_twice_is_not_repeated(poster: RequestsPoster) -> None:
    """A server that closes a kept connection with our request on its way may have read it."""
    answered = 0

    def script(exchange) -> None:
        nonlocal answered
        answered += 1
        if answered == 1:
            exchange.answer("200 OK", b"{}")
        else:
            exchange.hang_up()

    with Origin(script) as origin:
        call = Call(url=origin.url("/x"), body=b"{}", allow_private=True, is_repeatable=False)
        poster.call(call)
        with pytest.raises(FetchError):
            poster.call(call)
    assert answered == 2


def test_a_long_story_is_shown_from_its_end(slack: Bench) -> None:
    entries = tuple(entry(number, f"update {number:03}") for number in range(1, 101))
    slack.channel.send(message(updates=entries), None)

    replies = slack.service.replies(slack.service.messages[0])
    assert len(replies) == 30
    assert "update 100" in replies[-1]["text"]


@pytest.mark.parametrize("type", ["slack-webhook", "teams", "apprise"])
def test_a_reminder_that_a_route_asks_for_is_a_message_of_its_own(type: str, bench_for: BenchFor) -> None:
    bench = bench_for(type)
    first = message(note="held 3 min")
    handle = send_all(bench, [first, replace(first, act=Operation.CHANGE, version=2, note="")])
    send_all(bench, [replace(first, act=Operation.CHANGE, version=3, note="still open after 4 h")], handle)

    [shown] = bench.service.shown()
    assert [note for note in ("held 3 min", "still open after 4 h") for text in shown.texts if note in text] == [
        "held 3 min",
        "still open after 4 h",
    ]
    assert len(shown.texts) == 2


def test_slack_does_not_forget_a_message_whose_thread_it_could_not_read(slack: Bench) -> None:
    first = life()[0]
    slack.service.fail_next(Fault.LOST_ANSWER)
    with pytest.raises(FetchError):
        slack.channel.send(first, None)
    original = slack.service.carry_out

    def threads_are_away(asked):
        if asked.path.endswith("conversations.replies"):
            return slack.service.failure(Fault.AWAY)
        return original(asked)

    slack.service.carry_out = threads_are_away
    with pytest.raises(ChannelFailed) as caught:
        slack.channel.send(first, None, in_doubt=True)
    slack.service.carry_out = original
    slack.channel.send(first, caught.value.handle, in_doubt=True)

    [shown] = slack.service.shown()
    assert len(shown.texts) == 1


def test_an_alertmanager_that_lost_everything_gets_it_again(bench_for: BenchFor) -> None:
    bench = bench_for("alertmanager")
    first, *_, last = life()
    handle = bench.channel.send(first, None)
    bench.service.settle(first)
    bench.service.lose_everything()
    bench.service.forget_notes()
    again = replace(first, act=Operation.CHANGE)
    handle = bench.channel.send(again, handle, in_doubt=True)
    bench.service.settle(again)
    bench.channel.send(last, handle)
    bench.service.settle(last)

    [shown] = bench.service.shown()
    assert (shown.opened, shown.closed) == (1, 1)
