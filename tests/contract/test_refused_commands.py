"""A server that refuses one command for a while: nothing stays half done; what is new is reported once afterwards."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.data_server import DataServer
from tests.fakes import NOON, FakeClock, RecordingSink, incident, page, provider, update
from tests.outbox import DEAD_LETTER, committed, webhook
from tests.pages_on_a_loop import LoopedPages
from tests.vendor import SUMMARY, Stored
from tracker.delivery.outbox import DeliveryLease
from tracker.delivery.recorder import Printer
from tracker.delivery.retry_policy import Accepted, Disposition
from tracker.delivery.sinks.jsonlines import UpdateRecord
from tracker.errors import StoreError
from tracker.polling.page_store import Commit, PollLease
from tracker.polling.poll_cost import PollCost, ResponseClass
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import CURSORS, DUE, PREFIX, SCHEDULE, SINKS, UPDATES, connect, seen_key
from tracker.store.leases import LEASE_S
from tracker.store.outbox import RedisOutbox
from tracker.store.sinks import RedisSinks
from tracker.store.stream import RedisStream

OPS = webhook("ops")
#: A command that a script sends, with its subcommand.
_COMMANDS = re.compile(r"redis\.p?call\('(X?[A-Z]+)'(?:, '(CREATE|DESTROY|SETID)')?")
#: Those that change nothing, refused or not; all others write.
_READS = {
    *("EXISTS", "GET", "HEXISTS", "HGET", "HKEYS", "HMGET", "SCARD", "SISMEMBER", "TIME", "XINFO", "XLEN"),
    *("XPENDING", "XRANGE", "ZCARD", "ZRANGE", "ZSCORE"),
}


def writes(script: str) -> list[str]:
    """Return the commands with which a script writes, as rules of an access list name them."""
    source = files("tracker.store").joinpath("lua", f"{script}.lua").read_text()
    sent = {command + (f"|{sub}" if sub else "") for command, sub in _COMMANDS.findall(source)}
    return sorted(command.lower() for command in sent - _READS)


def watched(restricted: "Restricted", most_seen: int = 4000) -> Stored:
    """Return somebody who polls a page without an incident, and has polled it once."""
    watch = Stored(restricted.client, most_seen=most_seen, url=SUMMARY, first_sight="silent", max_per_host=2)
    shows(watch)
    watch.polls()
    return watch


def shows(watch: Stored, *updates: str) -> None:
    """Have the page show an incident with these updates, once the lease of a poll before has ended."""
    shown = incident("i1", *(update(each, number) for number, each in enumerate(updates)))
    watch.shows(page(*([shown] if updates else []), minute=len(updates)))
    watch.clock.passes(seconds=LEASE_S)


WRITTEN_BY_POLLS = {*writes("begin"), *writes("commit_rules"), *writes("commit")}


class Restricted:
    """A data server, a client of a user whose rights can be taken and given back, and one of an administrator."""

    def __init__(self, server: DataServer) -> None:
        self.admin = connect(server.url)
        self.admin.flushall()
        self.admin.execute_command("ACL", "SETUSER", "clerk", "reset", "on", ">secret", "~*", "&*", "+@all")
        self.client_url = server.url.replace("redis://", "redis://clerk:secret@")
        self.client = connect(self.client_url)
        self.sinks, self.outbox = RedisSinks(self.client), RedisOutbox(self.client)

    @contextmanager
    def refusing(self, command: str) -> Iterator[None]:
        """Refuse some commands until the end of the block."""
        self.admin.execute_command("ACL", "SETUSER", "clerk", *(f"-{each}" for each in command.split()))
        yield
        self.admin.execute_command("ACL", "SETUSER", "clerk", "+@all")

    def twice_refused(self, command: str, attempt: Callable[[], object]) -> None:
        """Try something twice while a command is refused, and once more when it no longer is."""
        with self.refusing(command):
            for _ in range(2):
                with suppress(StoreError):
                    attempt()
        attempt()

    def begins(self) -> DeliveryLease:
        lease = self.outbox.begin("ops", NOON)
        assert lease is not None
        return lease

    def taken(self, lease: DeliveryLease) -> list[str]:
        """Return the ids of the events that wait for the sink."""
        return [delivery.event.id for delivery in self.outbox.take(lease, 10) if delivery.event]

    def acknowledges(self, lease: DeliveryLease, disposition: Disposition) -> None:
        for delivery in self.outbox.take(lease, 10):
            self.outbox.acknowledge(lease, delivery, disposition, NOON)


@pytest.fixture
def restricted(server: DataServer) -> Iterator[Restricted]:
    both = Restricted(server)
    yield both
    both.client.close()
    both.admin.close()


@pytest.mark.parametrize("command", sorted({*WRITTEN_BY_POLLS, "smismember", "hmget", "xadd sadd"}))
def test_an_update_whose_commit_was_refused_is_reported_once_when_it_no_longer_is(
    restricted: Restricted, command: str
) -> None:
    watch = watched(restricted, most_seen=2)
    shows(watch, "u1")
    watch.polls()
    shows(watch, "u1", "u2")
    refused = 0
    with restricted.refusing(command):
        for _ in range(3):
            try:
                watch.polls()
            except StoreError:
                refused += 1
            watch.clock.passes(seconds=LEASE_S)
    reported_before = watch.ids
    watch.polls()
    shows(watch, "u1", "u2", "u3")
    watch.polls(2)

    assert watch.ids == ["acme/i1/u1", "acme/i1/u2", "acme/i1/u3"]
    if refused and command in ("xadd", "sadd", "hset", "zadd", "xadd sadd"):
        assert refused == 3
        assert reported_before == ["acme/i1/u1"], "nothing of the refused commit is left"


@pytest.mark.parametrize("command", sorted({*writes("begin"), *writes("commit_rules"), "hmget", "get"}))
def test_quiet_polls_whose_call_was_refused_in_the_middle_are_counted_once_afterwards(
    restricted: Restricted, command: str
) -> None:
    """The call ends where it stands: of the pages before nothing is taken back, and those after it are not reached."""
    clock, ids = FakeClock(), ["a", "b", "c"]
    catalogue = RedisCatalogue(restricted.client)
    catalogue.put([provider(id=known, name=known, url=f"https://{known}.example") for known in ids], clock())
    looped = LoopedPages(restricted.client_url)

    def begins() -> list[Any]:
        clock.passes(seconds=LEASE_S + 30)
        return looped.begins(clock(), *ids)

    def commits(leases: list[Any]) -> list[Any]:
        due = clock() + timedelta(seconds=60)
        commit = Commit(checked_at=clock(), due_at=due, cost=PollCost(ending=ResponseClass.NOT_MODIFIED))
        return looped.together(*(looped.grouped.commit(lease, commit) for lease in leases))

    leases = begins()
    with restricted.refusing(command):
        refused = commits(leases)
    commits(leases)
    with restricted.refusing(command):
        begun = begins()
    leases = begins()
    again = [*commits(leases), *commits(leases)]
    looped.close()

    assert {type(answer) for answer in (*refused, *begun)} <= {int, StoreError, PollLease}
    assert len({type(answer) for answer in refused}) == 1, "who went with one call shares its fate"
    assert again == [0] * 6
    assert [savings.polls for savings in catalogue.savings(ids)] == [2, 2, 2]


@pytest.mark.parametrize("key", [UPDATES, seen_key("acme"), DUE])
def test_an_update_that_a_key_of_another_type_kept_back_is_reported_once_afterwards(
    restricted: Restricted, key: str
) -> None:
    watch, admin = watched(restricted), restricted.admin
    shows(watch, "u1")
    kept = admin.dump(key)
    admin.delete(key)
    admin.set(key, "of another type")
    for _ in range(2):
        with suppress(StoreError):
            watch.polls()
        watch.clock.passes(seconds=LEASE_S)
    admin.delete(key)
    if kept is not None:
        admin.restore(key, 0, kept)
    watch.polls(2)

    assert watch.ids == ["acme/i1/u1"]


def test_an_update_for_which_there_is_no_room_is_reported_once_when_there_is(restricted: Restricted) -> None:
    watch = watched(restricted)
    shows(watch, "u1")
    restricted.admin.config_set("maxmemory", 1)
    for _ in range(2):
        with pytest.raises(StoreError):
            watch.polls()
    restricted.admin.config_set("maxmemory", 0)
    assert watch.ids == []
    watch.clock.passes(seconds=LEASE_S)
    watch.polls(2)

    assert watch.ids == ["acme/i1/u1"]


@pytest.mark.parametrize("command", writes("acknowledge"))
def test_a_dead_letter_that_was_refused_is_kept_once_afterwards(restricted: Restricted, command: str) -> None:
    restricted.sinks.sync([OPS])
    committed(restricted.client, "a")
    lease = restricted.begins()
    (delivery,) = restricted.outbox.take(lease, 10)
    with restricted.refusing(command):
        for _ in range(2):
            with suppress(StoreError):
                restricted.outbox.acknowledge(lease, delivery, DEAD_LETTER, NOON)
    restricted.acknowledges(lease, DEAD_LETTER)

    assert [letter.event.id for letter in restricted.sinks.dead("ops")] == ["a"]
    assert restricted.taken(lease) == []


@pytest.mark.parametrize("command", writes("redrive"))
def test_letters_that_could_not_be_put_back_are_put_back_once_afterwards(restricted: Restricted, command: str) -> None:
    restricted.sinks.sync([OPS])
    committed(restricted.client, "a", "b")
    lease = restricted.begins()
    restricted.acknowledges(lease, DEAD_LETTER)
    restricted.twice_refused(command, lambda: restricted.sinks.redrive("ops"))

    assert restricted.taken(lease) == ["a", "b"]


@pytest.mark.parametrize("command", writes("sync"))
def test_a_catalogue_whose_change_was_refused_is_whole_after_the_next_one(restricted: Restricted, command: str) -> None:
    catalogue, admin = RedisCatalogue(restricted.client), restricted.admin
    # Pages of their own: one that only got another name would keep its id.
    old, *new = (provider(id=name, url=f"https://{name}.example", max_per_host=2) for name in ("old", "new", "more"))
    catalogue.put([old], NOON, replacing="file")
    restricted.twice_refused(command, lambda: catalogue.put(new, NOON, replacing="file"))

    assert {known.id for known in catalogue.providers()} == {"new", "more"}
    assert set(admin.hkeys(SCHEDULE)) == set(admin.zrange(DUE, 0, -1)) == {b"new", b"more"}
    assert not admin.exists(f"{PREFIX}page:old")
    assert catalogue.holdings().is_whole


@pytest.mark.parametrize("command", writes("sinks"))
def test_sinks_whose_change_was_refused_are_right_after_the_next_one(restricted: Restricted, command: str) -> None:
    restricted.sinks.sync([webhook("old")])
    committed(restricted.client, "before")
    restricted.twice_refused(command, lambda: restricted.sinks.sync([OPS]))
    committed(restricted.client, "after")

    assert restricted.admin.hkeys(SINKS) == [b"ops"]
    assert [group["name"] for group in restricted.admin.xinfo_groups(UPDATES)] == [b"ops"]
    assert restricted.taken(restricted.begins()) == ["after"]


@pytest.mark.parametrize("command", writes("claim"))
def test_pages_whose_claim_was_refused_are_claimed_afterwards(restricted: Restricted, command: str) -> None:
    catalogue, claimed = RedisCatalogue(restricted.client), []
    catalogue.put([provider()], NOON)
    later = NOON + timedelta(minutes=5)
    restricted.twice_refused(command, lambda: claimed.extend(catalogue.claim(later, 10)[0]))

    assert len(claimed) == 1


@pytest.mark.parametrize("command", sorted({*writes("timings"), "xtrim"}))
def test_events_that_were_recorded_while_a_cursor_could_not_be_saved_are_recorded_once(
    restricted: Restricted, command: str, tmp_path: Path
) -> None:
    record, console = UpdateRecord(tmp_path / "updates.jsonl"), RecordingSink()
    printer = Printer(RedisStream(restricted.client), record, console, FakeClock())
    RedisCatalogue(restricted.client).put([provider()], NOON)
    printer.drain()
    committed(restricted.client, "a")
    with restricted.refusing(command):
        for _ in range(2):
            with suppress(StoreError):
                printer.drain()
    committed(restricted.client, "b")
    printer.drain()
    record.close()

    assert console.ids == ["a", "b"]
    assert restricted.admin.hget(CURSORS, "record") == restricted.admin.xrange(UPDATES)[-1][0]


@pytest.mark.parametrize("command", writes("delivery_lease"))
def test_a_sink_whose_delivery_was_refused_delivers_afterwards(restricted: Restricted, command: str) -> None:
    restricted.sinks.sync([OPS])
    restricted.admin.delete(UPDATES)
    committed(restricted.client, "a")
    with restricted.refusing(command), pytest.raises(StoreError):
        restricted.begins()
    restricted.admin.delete(f"{PREFIX}lease:ops")  # it runs out by itself
    lease = restricted.begins()
    restricted.acknowledges(lease, Accepted())

    assert restricted.taken(lease) == []
