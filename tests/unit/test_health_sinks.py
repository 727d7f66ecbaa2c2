"""What `tracker up` says of sinks whose receivers fail."""

from tests.outbox import webhook
from tracker.store.sinks import SinkStatus
from tracker.supervise.sinks import sinks_summary
from tracker.verdicts import Standing


def status(name: str, failures: int = 0) -> SinkStatus:
    return SinkStatus(webhook=webhook(name), standing=Standing(failures=failures))


def test_nothing_is_said_while_all_do_well() -> None:
    assert sinks_summary([]) is None
    assert sinks_summary([status("ops"), status("chat")]) is None


def test_a_receiver_that_restarts_is_not_worth_a_line() -> None:
    assert sinks_summary([status("ops", failures=2)]) is None


def test_who_fails_is_named() -> None:
    line = sinks_summary([status("chat", failures=3), status("ops")])

    assert line == "sink chat does not take updates, which wait for it; `tracker sinks list` tells why"


def test_all_who_fail_are_named() -> None:
    line = sinks_summary([status("chat", failures=3), status("ops", failures=9)])

    assert line is not None
    assert line.startswith("sinks chat, ops do not take updates, which wait for them;")
