"""Alerts come back when the data server was emptied: what is open in a channel is closed there, once."""

import random
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from msgspec.structs import replace

from tests.contract.test_alert_store import Bench
from tests.fakes import NOON
from tests.unit.alerting.stories import an_event
from tracker.alerting.alert import AlertState
from tracker.alerting.journal import Journal, Line
from tracker.alerting.journal_file import JOURNAL_NAME, AlertJournalFile
from tracker.alerting.occurrence import of_tracker
from tracker.alerting.story import begun
from tracker.delivery.recorder import Printer
from tracker.delivery.sinks.jsonlines import RECORD_NAME, UpdateRecord
from tracker.errors import ChannelRefused
from tracker.model.event import Event, encode_event
from tracker.model.route import Alerting, Route, Silence
from tracker.store.alert_journal import RedisJournalStore
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import ALERTING, ALERTS_AWAITED, ALERTS_UNWRITTEN, UPDATES
from tracker.store.keeper import Keeper
from tracker.store.sinks import RedisSinks
from tracker.store.stream import RedisStream


class Silent:
    def deliver(self, events: object) -> None:
        pass


class Journalled(Bench):
    """A bench with a printer and a beat that remembers the catalogue."""

    def __init__(self, client: "redis.Redis", folder: Path) -> None:
        super().__init__(client)
        self.folder = folder
        self.keeper = Keeper(RedisCatalogue(client), RedisSinks(client), self.clock, self.store)
        self.remember()
        self.record = UpdateRecord(folder / RECORD_NAME)
        self.printer = Printer(RedisStream(client), self.record, Silent(), self.clock)
        self.file = AlertJournalFile(folder / JOURNAL_NAME)
        self.journal = Journal(self.file, RedisJournalStore(client), self.record, self.clock)

    def remember(self) -> None:
        for _ in range(2):  # a catalogue is read once it has come to rest
            self.keeper.look()

    def print_(self) -> None:
        self.printer.drain()
        self.journal.follow()

    def is_emptied(self) -> None:
        self.client.flushall()
        self.clock.passes(seconds=2)

    def come_back(self) -> None:
        """Have beat put the catalogue back, and the printer the alerts."""
        self.keeper.look()
        self.decider.run()  # which has to wait
        self.print_()
        self.decider.run()
        self.remember()


@pytest.fixture
def bench(valkey: "redis.Redis", tmp_path: Path) -> Journalled:
    return Journalled(valkey, tmp_path)


def test_an_emptied_data_server_gets_its_alerts_back_with_their_handles(bench: Journalled) -> None:
    bench.happens(an_event(), an_event(incident="other"))
    bench.send()
    bench.print_()
    before = bench.store.all_alerts(), bench.rows.row("chat", bench.store.all_alerts()[0].id)
    bench.is_emptied()
    bench.come_back()
    after = bench.store.all_alerts(), bench.rows.row("chat", bench.store.all_alerts()[0].id)
    sent_again = bench.send()
    bench.happens(an_event("resolved"), an_event("resolved", incident="other"))
    bench.send()

    assert after == before
    assert sent_again == 0
    chat = bench.channels["chat"]
    assert Counter(chat.acts) == {("open", 1): 2, ("close", 2): 2}
    assert [handle for handle in chat.handles if handle] == [f"handle of {alert.id}" for alert in after[0]]


def test_alerts_come_back_where_all_is_lost_again_while_they_are_brought_back(
    bench: Journalled, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.happens(an_event())
    bench.send()
    bench.print_()
    bring_back = RedisJournalStore.bring_back

    def emptied(store: RedisJournalStore, rows: Any) -> None:
        monkeypatch.undo()
        bring_back(store, rows)
        bench.is_emptied()

    monkeypatch.setattr(RedisJournalStore, "bring_back", emptied)
    bench.is_emptied()
    for _ in range(2):
        bench.come_back()
    bench.happens(an_event("resolved"))
    bench.send()

    assert bench.channels["chat"].acts == [("open", 1), ("close", 2)]


def test_an_alert_that_is_lost_while_its_change_is_read_stays_in_the_journal(
    bench: Journalled, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.happens(an_event())
    bench.send()
    bench.print_()
    zrange = bench.client.zrange

    def emptied(key: str, *arguments: Any, **options: Any) -> Any:
        found = zrange(key, *arguments, **options)
        if key == ALERTS_UNWRITTEN and found:
            monkeypatch.undo()
            bench.is_emptied()
        return found

    monkeypatch.setattr(bench.client, "zrange", emptied)
    bench.happens(an_event("identified"))
    bench.send()
    bench.print_()
    bench.come_back()
    bench.happens(an_event("resolved"))
    bench.send()

    assert [act for act, _ in bench.channels["chat"].acts][-1] == "close"


def test_what_was_decided_and_not_written_is_decided_again_from_the_record(bench: Journalled) -> None:
    """Its end is on record, and in no journal: the page will not say it once more."""
    bench.happens(an_event())
    bench.send()
    bench.print_()
    bench.happens(an_event("resolved"))
    bench.printer.drain()
    bench.is_emptied()
    bench.come_back()
    bench.send()

    assert bench.channels["chat"].acts == [("open", 1), ("close", 2)]


@pytest.mark.parametrize("is_decided", [True, False])
def test_the_first_alert_of_all_comes_back_though_no_journal_holds_it(bench: Journalled, *, is_decided: bool) -> None:
    """What is on record from before the first start of alerts is not decided about."""
    bench.store.sync(Alerting())
    bench.client.xadd(UPDATES, {"event": encode_event(an_event(incident="old"))})
    bench.print_()
    assert bench.file.is_new
    bench.configure(Route(to=("chat",)))
    bench.remember()
    bench.print_()
    bench.client.xadd(UPDATES, {"event": encode_event(an_event())})
    if is_decided:
        bench.decider.run()
        bench.send()
    bench.printer.drain()
    bench.is_emptied()
    bench.come_back()
    bench.happens(an_event("resolved"))
    bench.send()

    assert [alert.subject for alert in bench.store.all_alerts()] == ["i1"]
    assert bench.channels["chat"].acts[-1] == ("close", 2)


def test_what_is_gone_or_given_up_or_silent_is_so_afterwards(bench: Journalled) -> None:
    bench.channels["mail"].next = [ChannelRefused("no such mailbox")]
    bench.happens(an_event())
    bench.send()
    ends_at = bench.clock().replace(day=28)
    bench.store.silence(Silence(id="s1", reason="x", kinds=(), created_at=bench.clock(), ends_at=ends_at))
    bench.remember()
    bench.happens(an_event("resolved"), an_event(incident="other", seen_at=bench.clock()))
    bench.send()
    bench.print_()
    bench.is_emptied()
    bench.come_back()

    assert [each.id for each in bench.store.silences()] == ["s1"]
    assert list(bench.store.dead(["chat", "mail"], 5)["mail"]) == [bench.store.all_alerts()[0].id]
    bench.clock.passes(days=8)
    bench.decider.run()
    bench.print_()
    bench.is_emptied()
    bench.come_back()
    assert [alert.subject for alert in bench.store.all_alerts()] == ["other"]


def test_nobody_waits_for_a_printer_that_is_not_there(bench: Journalled) -> None:
    bench.is_emptied()
    bench.keeper.look()
    waits = bench.client.pttl(ALERTS_AWAITED)
    bench.client.delete(ALERTS_AWAITED)  # as it is a minute later
    bench.happens(an_event())

    assert 0 < waits <= 60_000
    assert len(bench.store.all_alerts()) == 1


def test_a_tracker_that_had_no_journal_gets_one_of_all_alerts(bench: Journalled) -> None:
    bench.happens(an_event())
    bench.send()
    bench.client.delete("tracker:alerts:unwritten")
    bench.client.hdel(ALERTING, "journal_read")
    bench.print_()
    (bench.folder / JOURNAL_NAME).unlink()
    bench.print_()

    known = bench.file.read()
    assert [alert.id for alert in known.alerts] == [alert.id for alert in bench.store.all_alerts()]
    assert sorted(channel for channel, _ in known.rows) == ["chat", "mail"]


def test_a_journal_that_cannot_be_written_holds_nothing_up_and_is_written_later(
    bench: Journalled, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr("tracker.alerting.journal.log.warning", lambda text, *values: said.append(text % values))
    (bench.folder / JOURNAL_NAME).mkdir()
    bench.happens(an_event())
    bench.print_()
    bench.print_()
    (bench.folder / JOURNAL_NAME).rmdir()
    bench.print_()

    assert [f"cannot read {bench.folder / JOURNAL_NAME}" in line for line in said] == [True]
    assert [alert.subject for alert in bench.file.read().alerts] == ["i1"]


def test_a_torn_line_costs_nothing_and_the_file_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.alerting.journal_file._LEAST_BYTES", 4000)
    file = AlertJournalFile(tmp_path / JOURNAL_NAME)
    alert = begun(of_tracker("beat", "x" * 100, "", NOON, is_over=False), NOON)
    assert alert is not None
    for number in range(300):
        value = msgspec.Raw(msgspec.json.encode(replace(alert, version=number + 1)))
        file.append([Line(alert=alert.id, value=value, decided=f"{number}-0")])
        if number % 50 == 0:
            with file.path.open("ab") as torn:
                torn.write(b'{"alert":"torn')
    known = file.read()

    assert [each.version for each in known.alerts] == [300]
    assert known.decided == "299-0"
    assert file.path.stat().st_size < 8000


def an_update(chance: random.Random, number: int, going_on: list[str], now: datetime) -> Event:
    """Return the next thing that happens: an incident begins, goes on or ends."""
    if not going_on or chance.random() < 0.5:
        going_on.append(f"i{number}")
        return an_event(incident=f"i{number}", update=f"u{number}", seen_at=now)
    status, incident = chance.choice(["identified", "monitoring", "resolved"]), chance.choice(going_on)
    if status == "resolved":
        going_on.remove(incident)
    return an_event(status, incident=incident, update=f"u{number}", seen_at=now)


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.faults) for seed in (3, 5))])
@pytest.mark.parametrize("is_settled", [True, False], ids=["after all was written", "at any moment"])
def test_every_object_is_closed_wherever_the_data_server_was_emptied(
    bench: Journalled, seed: int, *, is_settled: bool
) -> None:
    chance = random.Random(seed)
    bench.configure(Route(to=("chat", "mail")))
    emptied, going_on = 0, ["first"]
    bench.happens(an_event(incident="first"))
    bench.print_()
    for number in range(120):
        bench.clock.passes(seconds=40)
        bench.happens(an_update(chance, number, going_on, bench.clock()))
        bench.printer.drain()
        if chance.random() < 0.7:
            bench.send()
        if is_settled or chance.random() < 0.3:
            bench.print_()
        if chance.random() < 0.1:
            emptied += 1
            bench.is_emptied()
            bench.come_back()
    for incident in going_on:
        bench.happens(an_event("resolved", incident=incident, update="last", seen_at=bench.clock()))
    while bench.send():
        pass

    assert emptied > 2
    assert not bench.store.open_alerts()
    assert {alert.state for alert in bench.store.all_alerts()} == {AlertState.RESOLVED}
    for channel in bench.channels.values():
        opened = Counter(message.key for message in channel.taken if message.act == "open")
        closed = Counter(message.key for message in channel.taken if message.act == "close")
        assert opened.keys() == closed.keys()
        if is_settled:
            assert {*opened.values(), *closed.values()} == {1}
        assert max((*opened.values(), *closed.values())) <= 1 + emptied
