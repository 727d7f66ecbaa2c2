"""Look-up, check, connect; with sockets that only pretend."""

import socket

import pytest

from tracker.errors import AddressRefused, ConnectError, FetchTimeout, NameNotResolved
from tracker.fetch.budget import CURRENT, Budget
from tracker.fetch.dial import Dialer
from tracker.fetch.limits import FetchLimits

V4, V6 = socket.AF_INET, socket.AF_INET6


class Wire:
    """What connecting to each address does; remembers what was tried and with how much time."""

    def __init__(self, **failures: Exception) -> None:
        self.failures = failures
        self.tried: list[tuple[str, float]] = []
        self.closed = 0

    def socket(self, *_: int):
        return PretendedSocket(self)


class PretendedSocket:
    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.timeout = 0.0

    def setsockopt(self, *_: int):
        pass

    def settimeout(self, timeout):
        self.timeout = timeout

    def connect(self, address):
        self.wire.tried.append((address[0], self.timeout))
        failure = self.wire.failures.get(address[0].replace(".", "_").replace(":", "_"))
        if failure:
            raise failure

    def close(self):
        self.wire.closed += 1


def entry(address, scope=0):
    if ":" in address:
        return (V6, socket.SOCK_STREAM, 6, "", (address, 443, 0, scope))
    return (V4, socket.SOCK_STREAM, 6, "", (address, 443))


def dial(wire, entries, *, allow_private=False, timeout_s=8.0, limits=None, monotonic=lambda: 0.0):
    def resolve(*_: object, **__: object):
        if isinstance(entries, Exception):
            raise entries
        return entries

    dialer = Dialer(resolve=resolve, allow_private=allow_private, new_socket=wire.socket)
    token = CURRENT.set(Budget(limits or FetchLimits(), monotonic))
    try:
        return dialer.dial("status.example", 443, timeout_s)
    finally:
        CURRENT.reset(token)


def test_the_same_address_is_tried_once():
    wire = Wire(**{"1_1_1_1": ConnectionRefusedError(111, "Connection refused")})
    with pytest.raises(ConnectError, match=r"no connection to status\.example:443: connection refused"):
        dial(wire, [entry("1.1.1.1"), entry("1.1.1.1")])

    assert len(wire.tried) == wire.closed == 1


def test_each_address_gets_its_share_of_the_time():
    wire = Wire(**{"2606__1": TimeoutError(), "1_1_1_1": OSError(101, "Network is unreachable")})
    dial(wire, [entry("2606::1"), entry("1.1.1.1"), entry("1.0.0.1"), entry("8.8.8.8")])

    assert [address for address, _ in wire.tried] == ["2606::1", "1.1.1.1", "1.0.0.1"]
    assert [time for _, time in wire.tried] == pytest.approx([2, 8 / 3, 4], abs=0.1)
    assert wire.closed == 2


def test_no_address_is_given_up_within_a_second():
    wire = Wire()
    dial(wire, [entry(f"1.1.1.{last}") for last in range(1, 100)])

    assert wire.tried[0][1] == 1.0


def test_the_time_to_connect_is_cut_to_what_is_left_of_the_fetch():
    wire = Wire()
    dial(wire, [entry("1.1.1.1")], limits=FetchLimits(total_s=3))

    assert wire.tried[0][1] == pytest.approx(3, abs=0.1)


def test_the_last_failure_is_reported():
    wire = Wire(**{"1_1_1_1": ConnectionRefusedError(111, "Connection refused"), "1_0_0_1": TimeoutError()})
    with pytest.raises(FetchTimeout, match=r"no connection to status\.example:443 within 8 s"):
        dial(wire, [entry("1.1.1.1"), entry("1.0.0.1")])


def test_a_look_up_that_took_all_the_time_is_noticed():
    times = iter([0.0, 21.0, 21.0])
    with pytest.raises(FetchTimeout, match="no complete answer within 20 s"):
        dial(Wire(), [entry("1.1.1.1")], monotonic=lambda: next(times))


@pytest.mark.parametrize(
    "entries",
    [
        [entry("10.0.0.1")],
        [entry("1.1.1.1"), entry("10.0.0.1")],
        [entry("2606:4700::1111", scope=2)],
        [entry("fe80::1%eth0", scope=2)],
        [entry("::ffff:10.0.0.1")],
        [(V6, socket.SOCK_STREAM, 6, "", (0, b"an address of a Python without IPv6"))],
    ],
)
def test_any_address_that_is_not_public_refuses_the_name(entries):
    wire = Wire()
    with pytest.raises(AddressRefused, match=r"status\.example leads to .*, which is not a public address"):
        dial(wire, entries)

    assert wire.tried == []


def test_with_permission_any_address_is_connected_to():
    wire = Wire()
    dial(wire, [entry("10.0.0.1")], allow_private=True)

    assert wire.tried[0][0] == "10.0.0.1"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "status.example has no address (DNS)"),
        (socket.gaierror(socket.EAI_AGAIN, "later"), "status.example could not be looked up now (DNS)"),
        (UnicodeError("label too long"), "status.example cannot be a name (DNS)"),
        ([], "status.example has no address (DNS)"),
    ],
)
def test_a_name_that_leads_nowhere(answer, message):
    with pytest.raises(NameNotResolved) as caught:
        dial(Wire(), answer)

    assert str(caught.value) == message
