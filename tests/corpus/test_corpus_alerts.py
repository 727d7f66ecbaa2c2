"""Recorded series of real pages through the alert machine: each open has its close, and fewer messages say the same."""

import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.corpus.series import needs_corpus, series
from tests.unit.alerting.stories import rules
from tracker.alerting.alert import Phase
from tracker.alerting.backtest import Replay
from tracker.detection.changes import changes
from tracker.detection.comparison import Before
from tracker.detection.keys import keys
from tracker.errors import ParseError
from tracker.model.event import Event
from tracker.model.page_state import PageView
from tracker.model.provider import FirstSight, Provider
from tracker.model.route import Route
from tracker.parse import read


def events_of(name: str, files) -> list[Event]:
    """Return the events that the answers of one series bring, one answer a minute after the other."""
    provider = Provider(id=name, name=name, url="https://status.example", first_sight=FirstSight.SILENT)
    view, seen, found, seeded = PageView(), frozenset(), [], False
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for number, file in enumerate(files):
        now += timedelta(minutes=1)
        try:
            snapshot = read(file.read_bytes(), url="https://status.example/api/v2/summary.json")
        except ParseError:
            continue
        before = Before(seeded=seeded, view=view, seen=seen & {*keys(snapshot)}, revision=number)
        result = changes(provider, before, snapshot, now)
        reported = {piece.key for piece in result.pending if piece.key}
        seen, view, seeded = seen | reported | {*result.seen}, result.view, True
        found += [piece.event for piece in result.pending]
    return found


@pytest.mark.faults
@needs_corpus
def test_opens_are_closes_and_what_is_still_open_in_every_recorded_series() -> None:
    acts: Counter[str] = Counter()
    events = still = incidents = 0
    for number, files in enumerate(series().values()):
        replay = Replay(rules(Route(to=("chat",))))
        reported = events_of(f"series-{number}", files)
        replay.play(reported)
        events += len(reported)
        acts.update(sent.delivery.act for sent in replay.sent)
        targets = [alert.targets["chat"] for alert in replay.book.alerts if "chat" in alert.targets]
        still += sum(target.phase is Phase.OPEN for target in targets)
        incidents += len(targets)
    sys.stdout.write(
        f"{events} events, {incidents} alerts: event by event {events} messages; by life cycle {acts['open']} objects "
        f"with {acts['change']} changes and {acts['close']} closes, {still} still open\n"
    )

    assert acts["open"] > 0
    assert acts["open"] == acts["close"] + still
    assert acts["open"] <= incidents <= acts.total()
