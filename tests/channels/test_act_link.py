"""The link to acknowledge: every channel is sent it whole; nothing in it means anything in the channel's format."""

from datetime import timedelta

from tests.channels.conftest import Bench
from tests.channels.story import NOON, message
from tracker.alerting.links import Links

LINK = Links(b"a secret of this test", "https://status_page.example.com/tracker").link("a_b.c-d/0d1f6a2b/1", NOON)


def test_an_open_alert_has_a_link_to_acknowledge_it(bench: Bench) -> None:
    opened = message(act_link=LINK)
    bench.channel.send(opened, None)
    bench.service.settle(opened)

    assert LINK in "\n".join(bench.service.strings())


def test_a_link_is_the_same_when_a_message_is_repeated() -> None:
    key = Links(b"a secret of this test")
    assert len({key.link("acme/0/1", NOON + timedelta(minutes=each)) for each in range(0, 600, 60)}) == 1
