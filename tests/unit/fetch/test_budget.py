"""Time and bytes of one fetch."""

import io
import socket

import pytest

from tracker.errors import BadAnswer, FetchTimeout, TooLarge
from tracker.fetch.budget import BoundedReader, Budget, MeteredSocket
from tracker.fetch.limits import FetchLimits

LIMITS = FetchLimits(total_s=20, max_body_bytes=100)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def budget(clock):
    return Budget(LIMITS, clock)


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(10)
        yield ours, theirs


def reader(sock, budget):
    return BoundedReader(MeteredSocket(sock.makefile("rb", buffering=0), sock, budget))


def test_a_timeout_is_cut_to_what_is_left(budget, clock):
    assert budget.cut(10) == 10
    clock.now += 15
    assert budget.cut(10) == 5
    assert budget.cut(2) == 2
    clock.now += 5
    with pytest.raises(FetchTimeout, match="no complete answer within 20 s"):
        budget.cut(2)


def test_bytes_are_counted_up_to_twice_the_body(budget):
    budget.spend(200)
    with pytest.raises(TooLarge):
        budget.spend(1)


def test_every_wait_is_cut(budget, clock, pair):
    ours, theirs = pair
    theirs.sendall(b"ab")
    with reader(ours, budget) as lines:
        assert lines.read(1) == b"a"
        assert ours.gettimeout() == 10
        clock.now += 19.5
        theirs.sendall(b"c")
        assert lines.read(2) == b"bc"
        assert ours.gettimeout() == 0.5
        clock.now += 1
        with pytest.raises(FetchTimeout, match="no complete answer within 20 s"):
            lines.read(1)


def test_a_wait_that_is_too_long_is_distinguished_from_the_whole(budget, clock, pair):
    ours, _ = pair
    ours.settimeout(0.01)
    with reader(ours, budget) as lines, pytest.raises(FetchTimeout, match=r"no byte came for 0.01 s"):
        lines.read(1)
    clock.now += 20
    with reader(ours, budget) as lines, pytest.raises(FetchTimeout, match="no complete answer within 20 s"):
        lines.read(1)


def test_received_bytes_are_counted(budget, pair):
    ours, theirs = pair
    theirs.sendall(bytes(201))
    with reader(ours, budget) as lines, pytest.raises(TooLarge):
        lines.read(201)


@pytest.mark.parametrize("size", [-1, -5, None])
def test_an_endless_read_is_refused(size):
    with BoundedReader(io.BytesIO(b"abc")) as lines, pytest.raises(BadAnswer):
        lines.read(size)


def test_the_socket_closes_when_both_its_owner_and_the_reader_have(budget, pair):
    ours, theirs = pair
    with reader(ours, budget):
        ours.close()
        theirs.sendall(b"a")
        assert ours.fileno() != -1
    assert ours.fileno() == -1


def test_an_answer_of_too_many_lines_is_refused():
    lines = BoundedReader(io.BytesIO(b"1\r\n" * 50_001))
    with lines:
        for _ in range(50_000):
            assert lines.readline() == b"1\r\n"
        with pytest.raises(BadAnswer, match="the answer is cut into too many pieces"):
            lines.readline()
