"""A server that refuses one command for a while: nothing stays half done; what is new is reported once afterwards."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from importlib.resources import files
from typing import Any

import pytest

from tests.data_server import DataServer
from tests.fakes import NOON, FakeClock, FakeFetcher, RecordingSink, incident, page, provider, summary, update
from tests.outbox import DEAD_LETTER, committed, webhook
from tests.pages_on_a_loop import LoopedPages
from tracker.delivery.recorder import Printer
from tracker.delivery.retry_policy import Accepted
from tracker.delivery.sinks.jsonlines import UpdateRecord
from tracker.errors import StoreError
from tracker.polling.observer import Observer
from tracker.polling.page_store import Commit, PollLease
from tracker.polling.poll_cost import PollCost, ResponseClass
from tracker.polling.poller import Poller
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import CURSORS, DUE, PREFIX, SCHEDULE, SINKS, UPDATES, connect, seen_key
from tracker.store.leases import LEASE_S
from tracker.store.needs import COMMANDS
from tracker.store.outbox import RedisOutbox
from tracker.store.pages import RedisPages
from tracker.store.sinks import RedisSinks
from tracker.store.stream import RedisStream

URL = "https://status.acme.example/api/v2/summary.json"
ACME = provider(url=URL, first_sight="silent", max_per_host=2)
OPS = webhook("ops")
#: A command that a script sends, with its subcommand.
_COMMANDS = re.compile(r"redis\.p?call\('(X?[A-Z]+)'(?:, '(CREATE|DESTROY|SETID)')?")
#: Those that change nothing, refused or not; all others write.
_READS = {
    *(
        "EXISTS",
        "GET",
        "HEXISTS",
        "HGET",
        "HKEYS",
        "HMGET",
        "SCARD",
        "SISMEMBER",
        "TIME",
        "XINFO",
        "XLEN",
        "XPENDING",
        "XRANGE",
    ),
    *("ZCARD", "ZRANGE", "ZSCORE"),
}


def writes(script: str) -> list[str]:
    """Return the commands with which a script writes, as rules of an access list name them."""
    return sorted(commands(script) - {read.lower() for read in _READS})


def commands(script: str) -> set[str]:
    """Return all commands of a script."""
    source = files("tracker.store").joinpath("lua", f"{script}.lua").read_text()
    return {command.lower() + (f"|{sub.lower()}" if sub else "") for command, sub in _COMMANDS.findall(source)}


def test_the_server_is_asked_for_each_command_that_a_script_sends() -> None:
    scripts = [
        entry.name.removesuffix(".lua")
        for entry in files("tracker.store").joinpath("lua").iterdir()
        if ".lua" in entry.name
    ]
    sent = {command.partition("|")[0].upper() for script in scripts for command in commands(script)}

    assert sent <= {command[0] for command in COMMANDS}


WRITTEN_BY_POLLS = {*writes("begin"), *writes("commit_rules"), *writes("commit")}


class Restricted:
    """A data server, a client of a user whose rights can be taken and given back, and one of an administrator."""

    def __init__(self, server: DataServer) -> None:
        self.admin = connect(server.url)
        self.admin.flushall()
        self.admin.execute_command("ACL", "SETUSER", "clerk", "reset", "on", ">secret", "~*", "&*", "+@all")
        self.client_url = server.url.replace("redis://", "redis://clerk:secret@")
        self.client = connect(self.client_url)

    def refuses(self, *commands: str) -> None:
        self.admin.execute_command("ACL", "SETUSER", "clerk", *(f"-{command}" for command in commands))

    def allows_all(self) -> None:
        self.admin.execute_command("ACL", "SETUSER", "clerk", "+@all")

    def contents(self) -> dict[bytes, bytes]:
        return {key: self.admin.dump(key) for key in self.admin.scan_iter()}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataServer]:
    from tests.conftest import _free_port  # noqa: PLC0415  one port for all tests of this file

    with DataServer(tmp_path_factory.mktemp("server"), _free_port()) as running:
        yield running


@pytest.fixture
def restricted(server: DataServer) -> Iterator[Restricted]:
    both = Restricted(server)
    yield both
    both.client.close()
    both.admin.close()


class Watched:
    """One page and its poller, on a server that refuses things."""

    def __init__(self, restricted: Restricted, most_seen: int = 4000) -> None:
        self.clock, self.fetcher = FakeClock(), FakeFetcher()
        RedisCatalogue(restricted.client).put([ACME], self.clock())
        pages = RedisPages(restricted.client, most_seen)
        self.poller = Poller(pages, Observer(self.fetcher), self.clock)
        self.stream = RedisStream(restricted.client)
        self.shows()

    def shows(self, *updates: str) -> None:
        shown = incident("i1", *(update(each, number) for number, each in enumerate(updates)))
        self.fetcher.answers(URL, summary(page(*([shown] if updates else []), minute=len(updates))))

    def polls(self) -> None:
        self.clock.passes(seconds=LEASE_S + 30)
        self.poller.poll(ACME.id)

    @property
    def reported(self) -> list[str]:
        return [entry.event.id for entry in self.stream.read("0-0", 100)]


@pytest.mark.parametrize("command", sorted({*WRITTEN_BY_POLLS, "smismember", "hmget", "xadd sadd"}))
def test_an_update_whose_commit_was_refused_is_reported_once_when_it_no_longer_is(
    restricted: Restricted, command: str
) -> None:
    watched = Watched(restricted, most_seen=2)
    watched.polls()
    watched.shows("u1")
    watched.polls()
    watched.shows("u1", "u2")
    restricted.refuses(*command.split())
    refused = 0
    for _ in range(3):
        try:
            watched.polls()
        except StoreError:
            refused += 1
    reported_before = watched.reported
    restricted.allows_all()
    watched.polls()
    watched.shows("u1", "u2", "u3")
    watched.polls()
    watched.polls()

    assert watched.reported == ["acme/i1/u1", "acme/i1/u2", "acme/i1/u3"]
    if refused and command in ("xadd", "sadd", "hset", "zadd", "xadd sadd"):
        assert refused == 3
        assert reported_before == ["acme/i1/u1"], "nothing of the refused commit is left"


@pytest.mark.parametrize("command", sorted({*writes("begin"), *writes("commit_rules"), "hmget", "get"}))
def test_quiet_polls_whose_call_was_refused_in_the_middle_are_counted_once_afterwards(
    restricted: Restricted, command: str
) -> None:
    """The call ends where it stands: of the pages before nothing is taken back, and those after it are not reached."""
    clock = FakeClock()
    catalogue = RedisCatalogue(restricted.client)
    pages = {known: provider(id=known, name=known, url=f"https://{known}.example") for known in ("a", "b", "c")}
    catalogue.put(pages.values(), clock())
    looped = LoopedPages(restricted.client_url)

    def polls(*, refused: str | None = None) -> list[Any]:
        clock.passes(seconds=LEASE_S + 30)
        leases = looped.begins(clock(), *pages)
        if refused:
            restricted.refuses(refused)
        due = clock() + timedelta(seconds=60)
        commit = Commit(checked_at=clock(), due_at=due, cost=PollCost(ending=ResponseClass.NOT_MODIFIED))
        given = [looped.grouped.commit(lease, commit) for lease in leases]
        answers = looped.together(*given)
        restricted.allows_all()
        return [*answers, *looped.together(*(looped.grouped.commit(lease, commit) for lease in leases))]

    refused = polls(refused=command)[:3]
    restricted.refuses(command)
    clock.passes(seconds=LEASE_S + 30)
    begun = looped.begins(clock(), *pages)
    restricted.allows_all()
    again = polls()
    looped.close()

    assert {type(answer) for answer in (*refused, *begun)} <= {int, StoreError, PollLease}
    assert len({type(answer) for answer in refused}) == 1, "who went with one call shares its fate"
    assert again == [0] * 6
    assert [savings.polls for savings in catalogue.savings(list(pages))] == [2, 2, 2]


@pytest.mark.parametrize("key", [UPDATES, seen_key("acme"), DUE])
def test_an_update_that_a_key_of_another_type_kept_back_is_reported_once_afterwards(
    restricted: Restricted, key: str
) -> None:
    watched = Watched(restricted)
    watched.polls()
    watched.shows("u1")
    kept = restricted.admin.dump(key)
    restricted.admin.delete(key)
    restricted.admin.set(key, "of another type")
    for _ in range(2):
        with suppress(StoreError):
            watched.polls()
    restricted.admin.delete(key)
    if kept is not None:
        restricted.admin.restore(key, 0, kept)
    watched.polls()
    watched.polls()

    assert watched.reported == ["acme/i1/u1"]


def test_an_update_for_which_there_is_no_room_is_reported_once_when_there_is(restricted: Restricted) -> None:
    watched = Watched(restricted)
    watched.polls()
    watched.shows("u1")
    restricted.admin.config_set("maxmemory", 1)
    for _ in range(2):
        with pytest.raises(StoreError):
            watched.polls()
    assert restricted.admin.xlen(UPDATES) == 0
    restricted.admin.config_set("maxmemory", 0)
    watched.polls()
    watched.polls()

    assert watched.reported == ["acme/i1/u1"]


@pytest.mark.parametrize("command", writes("acknowledge"))
def test_a_dead_letter_that_was_refused_is_kept_once_afterwards(restricted: Restricted, command: str) -> None:
    RedisSinks(restricted.client).sync([OPS])
    committed(restricted.client, "a")
    outbox = RedisOutbox(restricted.client)
    lease = outbox.begin("ops", NOON)
    assert lease is not None
    (delivery,) = outbox.take(lease, 10)
    restricted.refuses(command)
    for _ in range(2):
        with suppress(StoreError):
            outbox.acknowledge(lease, delivery, DEAD_LETTER, NOON)
    restricted.allows_all()
    for again in outbox.take(lease, 10):
        outbox.acknowledge(lease, again, DEAD_LETTER, NOON)

    assert [letter.event.id for letter in RedisSinks(restricted.client).dead("ops")] == ["a"]
    assert outbox.take(lease, 10) == []


@pytest.mark.parametrize("command", writes("redrive"))
def test_letters_that_could_not_be_put_back_are_put_back_once_afterwards(restricted: Restricted, command: str) -> None:
    sinks, outbox = RedisSinks(restricted.client), RedisOutbox(restricted.client)
    sinks.sync([OPS])
    committed(restricted.client, "a", "b")
    lease = outbox.begin("ops", NOON)
    assert lease is not None
    for delivery in outbox.take(lease, 10):
        outbox.acknowledge(lease, delivery, DEAD_LETTER, NOON)
    restricted.refuses(command)
    for _ in range(2):
        with suppress(StoreError):
            sinks.redrive("ops")
    restricted.allows_all()
    sinks.redrive("ops")

    assert [delivery.event.id for delivery in outbox.take(lease, 10) if delivery.event] == ["a", "b"]


@pytest.mark.parametrize("command", writes("sync"))
def test_a_catalogue_whose_change_was_refused_is_whole_after_the_next_one(restricted: Restricted, command: str) -> None:
    catalogue = RedisCatalogue(restricted.client)
    # Pages of their own: one that only got another name would keep its id.
    old, *new = (provider(id=name, url=f"https://{name}.example", max_per_host=2) for name in ("old", "new", "more"))
    catalogue.put([old], NOON, replacing="file")
    restricted.refuses(command)
    for _ in range(2):
        with suppress(StoreError):
            catalogue.put(new, NOON, replacing="file")
    restricted.allows_all()
    catalogue.put(new, NOON, replacing="file")

    admin = restricted.admin
    assert {known.id for known in catalogue.providers()} == {"new", "more"}
    assert set(admin.hkeys(SCHEDULE)) == {b"new", b"more"}
    assert set(admin.zrange(DUE, 0, -1)) == {b"new", b"more"}
    assert not admin.exists(f"{PREFIX}page:old")
    assert catalogue.holdings().is_whole


@pytest.mark.parametrize("command", writes("sinks"))
def test_sinks_whose_change_was_refused_are_right_after_the_next_one(restricted: Restricted, command: str) -> None:
    sinks, outbox = RedisSinks(restricted.client), RedisOutbox(restricted.client)
    sinks.sync([webhook("old")])
    committed(restricted.client, "before")
    restricted.refuses(command)
    for _ in range(2):
        with suppress(StoreError):
            sinks.sync([OPS])
    restricted.allows_all()
    sinks.sync([OPS])
    committed(restricted.client, "after")

    assert restricted.admin.hkeys(SINKS) == [b"ops"]
    assert [group["name"] for group in restricted.admin.xinfo_groups(UPDATES)] == [b"ops"]
    lease = outbox.begin("ops", NOON)
    assert lease is not None
    taken = [delivery.event.id for delivery in outbox.take(lease, 10) if delivery.event]
    assert taken[-1:] == ["after"]
    assert "before" not in taken


@pytest.mark.parametrize("command", writes("claim"))
def test_pages_whose_claim_was_refused_are_claimed_afterwards(restricted: Restricted, command: str) -> None:
    catalogue, clock = RedisCatalogue(restricted.client), FakeClock()
    catalogue.put([ACME], clock())
    clock.passes(minutes=5)
    restricted.refuses(command)
    claimed = 0
    for _ in range(2):
        with suppress(StoreError):
            claimed += len(catalogue.claim(clock(), 10)[0])
    restricted.allows_all()
    claimed += len(catalogue.claim(clock(), 10)[0])

    assert claimed == 1


@pytest.mark.parametrize("command", sorted({*writes("timings"), "xtrim"}))
def test_events_that_were_recorded_while_a_cursor_could_not_be_saved_are_recorded_once(
    restricted: Restricted, command: str, tmp_path: object
) -> None:
    record = UpdateRecord(tmp_path / "updates.jsonl")  # type: ignore[operator]
    console = RecordingSink()
    printer = Printer(RedisStream(restricted.client), record, console, FakeClock())
    RedisCatalogue(restricted.client).put([ACME], NOON)
    printer.drain()
    committed(restricted.client, "a")
    restricted.refuses(command)
    for _ in range(2):
        with suppress(StoreError):
            printer.drain()
    restricted.allows_all()
    committed(restricted.client, "b")
    printer.drain()
    record.close()

    assert console.ids == ["a", "b"]
    assert restricted.admin.hget(CURSORS, "record") == restricted.admin.xrange(UPDATES)[-1][0]


@pytest.mark.parametrize("command", writes("delivery_lease"))
def test_a_sink_whose_delivery_was_refused_delivers_afterwards(restricted: Restricted, command: str) -> None:
    outbox, clock = RedisOutbox(restricted.client), FakeClock()
    RedisSinks(restricted.client).sync([OPS])
    restricted.admin.delete(UPDATES)
    committed(restricted.client, "a")
    restricted.refuses(command)
    with pytest.raises(StoreError):
        outbox.begin("ops", clock())
    restricted.admin.delete(f"{PREFIX}lease:ops")  # it runs out by itself
    restricted.allows_all()
    lease = outbox.begin("ops", clock())
    assert lease is not None
    (delivery,) = outbox.take(lease, 10)
    outbox.acknowledge(lease, delivery, Accepted(), clock())

    assert outbox.take(lease, 10) == []
