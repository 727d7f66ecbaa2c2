"""What every channel does alike: one object for an alert, which opens, changes and closes once."""

import re
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from tests.channels.conftest import SECRETS, TRAITS, Bench
from tests.channels.fakes.service import Fault, Shown
from tests.channels.story import KEY, NOON, TEXTS, entry, life, message
from tracker.alerting.channel import Message, Operation
from tracker.alerting.links import Links
from tracker.errors import ChannelFailed, ChannelRefused, ConfigError, FetchError, TrackerError

HOSTILE = (
    "<!channel> <!here> @everyone @here <@U123> <#C1> <https://evil.example|https://bank.example> "
    "[https://bank.example](https://evil.example) ![x](https://evil.example/x.png) **bold** # head\r\n"
    "Subject: forged\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script><img src=https://evil.example/p.gif>"
    "\u202egnp.exe\u202c \u2066hidden\u2069 \x1b[31mred\x07 \x00 \u200b{{ template }} ${jndi:ldap://evil} %n"
)
CONTROL = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def tell(bench: Bench, messages: Sequence[Message], handle: str | None = None) -> str | None:
    """Send messages one after the other, and wait until the service shows where that leads."""
    for each in messages:
        handle = bench.channel.send(each, handle)
        bench.service.settle(each)
    return handle


def order_of(shown: Shown, texts: Sequence[str] = TEXTS) -> list[int]:
    """Return which of the texts an object shows, by position, in the order in which they first appear."""
    everything = "\n".join(shown.texts)
    places = {position: everything.find(text) for position, text in enumerate(texts) if text in everything}
    return sorted(places, key=lambda position: places[position])


def failure(bench: Bench, sent: Message, handle: str | None = None, *, in_doubt: bool = False) -> TrackerError:
    """Send a message that fails, and return the error, which names no secret."""
    with pytest.raises(TrackerError) as caught:
        bench.channel.send(sent, handle, in_doubt=in_doubt)
    for secret in (*SECRETS.values(), bench.environ.get("URL", "-no-url-")):
        assert secret == SECRETS["SMTP_USER"] or secret not in str(caught.value)
    return caught.value


def test_an_incident_is_one_object_that_opens_changes_and_closes_once(bench: Bench) -> None:
    tell(bench, life())

    [shown] = bench.service.shown()
    assert (shown.opened, shown.closed, shown.is_open) == (1, 1, False)
    assert order_of(shown) == list(TRAITS[bench.type].shows)


@pytest.mark.parametrize("lost", [1, 4, 5])
def test_a_retry_after_a_lost_answer(bench: Bench, lost: int) -> None:
    handle: str | None = None
    for each in life():
        if each.version == lost:
            bench.service.fail_next(Fault.LOST_ANSWER)
        try:
            handle = bench.channel.send(each, handle)
        except FetchError as error:
            handle = getattr(error, "handle", None) or handle
            handle = bench.channel.send(each, handle, in_doubt=True)
        bench.service.settle(each)

    shown = bench.service.shown()
    if TRAITS[bench.type].may_double:
        # One more at most, for the one call whose answer was lost.
        assert 1 <= len(shown) <= 2
    else:
        assert [(each.opened, each.closed) for each in shown] == [(1, 1)]
        everything = "\n".join(shown[0].texts)
        if bench.type == "slack":
            assert all(everything.count(text) == 1 for text in TEXTS), everything
    assert not shown[-1].is_open
    assert order_of(shown[-1])[-1] == TRAITS[bench.type].shows[-1]


@pytest.mark.parametrize("fault", [Fault.SLOW_DOWN, Fault.AWAY])
def test_a_service_that_cannot_now_gets_it_later(bench: Bench, fault: Fault) -> None:
    first, *_, last = life()
    bench.service.fail_next(fault)
    error = failure(bench, first)

    assert isinstance(error, FetchError)
    if fault is Fault.SLOW_DOWN and bench.type not in {"email", "apprise"}:
        assert error.retry_after_s == 7.0
    handle = tell(bench, [first])
    bench.service.fail_next(fault)
    error = failure(bench, last, handle)
    assert isinstance(error, FetchError)
    tell(bench, [last], getattr(error, "handle", None) or handle)
    [shown] = bench.service.shown()
    assert (shown.opened, shown.closed) == (1, 1)


def test_what_is_refused_for_good_is_said_in_one_sentence(bench: Bench) -> None:
    bench.service.fail_next(Fault.REFUSED)

    error = failure(bench, message())

    # Apprise does not say why; whoever is behind it may take the next one.
    assert isinstance(error, ChannelFailed if bench.type == "apprise" else ChannelRefused)
    assert str(error).startswith('channel "oncall": ')
    assert "\n" not in str(error)


def test_a_secret_that_is_refused_keeps_alerts_waiting(bench: Bench) -> None:
    bench.service.fail_next(Fault.WHO)

    assert isinstance(failure(bench, message()), FetchError)
    tell(bench, [message()])
    assert len(bench.service.shown()) == 1


def test_a_secret_that_is_missing_is_named(bench: Bench) -> None:
    variables = [value for key, value in bench.table.items() if key.endswith("_env") and isinstance(value, str)]
    if not variables:
        variables = list(bench.table.get("headers_env", {}).values())
    if not variables:
        assert bench.type == "alertmanager"
        return
    del bench.environ[variables[0]]

    error = failure(bench, message())

    assert isinstance(error, ConfigError)
    assert variables[0] in str(error)
    assert 'channel "oncall"' in str(error)


def test_an_open_alert_has_a_link_to_acknowledge_it_in_which_nothing_is_a_mark(bench: Bench) -> None:
    links = Links(b"a secret of this test", "https://status_page.example.com/tracker")
    link = links.link("a_b.c-d/0d1f6a2b/1", NOON)

    tell(bench, [message(act_link=link)])

    assert link in "\n".join(bench.service.strings())


def hostile(act: Operation, version: int) -> Message:
    """Return a message in which everything of the vendor's is an attack."""
    nasty = entry(1, HOSTILE, status=HOSTILE)
    return message(
        act,
        version,
        title=HOSTILE,
        provider_name=HOSTILE,
        impact=HOSTILE,
        status=HOSTILE if act is not Operation.CLOSE else "resolved",
        text=HOSTILE,
        updates=(nasty, replace(nasty, id=HOSTILE)),
        components=(HOSTILE,) * 3,
        link="https://evil.example/>|x\r\nBcc: victim@example.com",
        children=(HOSTILE,),
        ended_at=NOON if act is Operation.CLOSE else None,
    )


def test_a_vendors_text_is_only_text(bench: Bench) -> None:
    tell(bench, [hostile(Operation.OPEN, 1), hostile(Operation.CLOSE, 2)])

    texts = bench.service.strings()
    assert texts
    for text in texts:
        if bench.type != "slack" or text != HOSTILE:
            # Slack's metadata carries ids, which nobody is shown.
            assert not CONTROL.search(text.replace("\r\n", "\n")), text
    shown = "\n".join(text for text in texts if text != HOSTILE)
    assert "evil.example/>|x" not in shown
    if bench.type in {"slack", "slack-webhook"}:
        assert not re.search(r"<(?!https?://)[^>]*>|<[^>]*\|", shown)
    if bench.type == "incidentio":
        # Only descriptions are Markdown.
        shown = "\n".join(asked.json["description"] for asked in bench.service.asked)
    if bench.type in {"discord", "teams", "incidentio"}:
        assert "](https://evil" not in shown.replace("\\](", "")
        assert "**bold" not in shown.replace("\\*\\*bold", "")
    if bench.type in {"slack", "slack-webhook", "discord", "teams", "incidentio", "apprise"}:
        assert not re.search("@(everyone|here)", shown)


def test_what_is_too_long_is_cut_to_what_the_service_takes(bench: Bench) -> None:
    long = "\N{BEETLE}*_<&" * 20_000
    entries = tuple(entry(number, long, status=long[:300]) for number in range(1, 301))
    open_ = message(
        title=long,
        text=long,
        updates=entries,
        impact=long,
        status=long,
        provider_name=long,
        components=(long,) * 300,
        children=(long,) * 300,
        note=long,
        labels={"team": long},
        key="k" * 255,
    )

    tell(bench, [open_, replace(open_, act=Operation.CLOSE, version=2, status="resolved", ended_at=NOON)])

    [shown] = bench.service.shown()
    assert shown.closed == 1


def test_a_new_generation_is_an_object_of_its_own(bench: Bench) -> None:
    tell(bench, life())
    tell(bench, life("acme/inc-1#2")[:-1])

    shown = bench.service.shown()
    assert [(each.is_open, each.closed) for each in shown] == [(False, 1), (True, 0)]


def test_an_alert_that_reopens_is_open_again_and_closes_again(bench: Bench) -> None:
    first, *_, last = life()
    handle = tell(bench, [first, last])
    again = replace(first, version=6, updates=(*last.updates, entry(6, "foxtrot")), text="foxtrot")
    handle = tell(bench, [again], handle)

    assert bench.service.shown()[-1].is_open
    tell(bench, [replace(again, act=Operation.CLOSE, version=7, status="resolved", ended_at=NOON)], handle)
    assert not bench.service.shown()[-1].is_open
    assert {each.is_open for each in bench.service.shown()} == {False}


def test_two_alerts_at_a_time_stay_apart(bench: Bench) -> None:
    if not TRAITS[bench.type].knows_keys:
        pytest.skip("its messages stand in a row")
    others = life("acme/inc-2#1")
    if bench.type == "email":
        others = [replace(each, title="Another one") for each in others]
    handle, other = tell(bench, life()[:1]), tell(bench, others[:1])
    tell(bench, life()[-1:], handle)

    assert sorted(each.is_open for each in bench.service.shown()) == [False, True]
    tell(bench, others[-1:], other)
    assert [each.is_open for each in bench.service.shown()] == [False, False]
    assert others[0].key != KEY
