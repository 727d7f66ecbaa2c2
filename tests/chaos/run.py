"""`make chaos`: publish a known sequence of updates while processes and connections break, then count.

    python -m tests.chaos.run [--seed N] [--seconds 150] [--pages 50] [--updates 600]

Exit status 0 when every expected update is in the log once, in order, and nothing else is; 1 otherwise.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.fleet import Fleet
from tests.chaos.keys import unexpected_keys, wait_for_empty_queues
from tests.chaos.proxy import Fault
from tests.chaos.receiver import Receiver
from tracker.catalogue import new_provider
from tracker.model.clock import utc_now
from tracker.model.provider import Provider, Webhook
from tracker.parse import FORMAT_NAMES
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import connect
from tracker.store.keeper import Keeper
from tracker.store.sinks import RedisSinks

#: How long the fleet may take to settle once nothing breaks any more.
SETTLE_S = 90.0
_STATUSES = ("investigating", "identified", "monitoring", "resolved")


@dataclass
class Published:
    """What the vendor published after the baseline, in order."""

    #: (provider, incident id, update id), oldest first.
    updates: list[tuple[str, str, str]] = field(default_factory=list)


class Publisher:
    """Opens incidents and posts updates on pages, evenly over time."""

    def __init__(self, pages: list[Page], chance: random.Random) -> None:
        self._pages = pages
        self._chance = chance
        self._open: dict[str, tuple[str, int]] = {}
        self.published = Published()

    def post(self) -> None:
        """Publish one more update on some page."""
        page = self._chance.choice(self._pages)
        incident_id, step = self._open.get(page.id, ("", len(_STATUSES)))
        if step >= len(_STATUSES):
            incident_id, step = page.open_incident("Errors", body=f"Text {self._chance.random()}"), 0
        else:
            page.post_update(incident_id, _STATUSES[step], f"Text {self._chance.random()}")
        self._open[page.id] = (incident_id, step + 1)
        newest = max(page.incident(incident_id).updates, key=lambda update: update.created_at)
        self.published.updates.append((page.id, incident_id, newest.id))


class Saboteur:
    """Injects faults by kind, each in its turn, in an order that the seed decides."""

    def __init__(self, fleet: Fleet, chance: random.Random, is_settled: Callable[[], bool]) -> None:
        self._fleet = fleet
        self._is_settled = is_settled
        self._chance = chance
        self.counts: Counter[str] = Counter()
        self._resume: list[tuple[float, int]] = []
        kinds: list[tuple[str, Callable[[], None], int]] = [
            ("worker killed", self._kill_worker, 4),
            ("printer killed", self._kill_printer, 2),
            ("deliverer killed", lambda: self._fleet.deliverer.signal(signal.SIGKILL), 1),
            ("beat killed", self._kill_beat, 2),
            ("data server killed", self._kill_server, 1),
            ("worker stopped past the visibility timeout", self._stop_worker, 1),
            ("replies dropped", lambda: self._fleet.proxy.inject(Fault.DROP_REPLIES, 1.0), 2),
            ("connections stalled", lambda: self._fleet.proxy.inject(Fault.STALL, 2.0), 2),
            ("connections reset", lambda: self._fleet.proxy.inject(Fault.RESET, 0.0), 3),
            ("data server emptied", self._empty_server, 1),
        ]
        self._bag = [(name, inject) for name, inject, weight in kinds for _ in range(weight)]
        self._lease = self._turns()

    def strike(self) -> None:
        """Inject the next fault."""
        name, inject = next(self._lease)
        inject()
        self.counts[name] += 1

    def resume(self, now: float) -> None:
        """Let processes go on whose stop is over."""
        for due, pid in list(self._resume):
            if now >= due:
                self._resume.remove((due, pid))
                _signal(pid, signal.SIGCONT)

    def _turns(self) -> Iterator[tuple[str, Callable[[], None]]]:
        while True:
            bag = list(self._bag)
            self._chance.shuffle(bag)
            yield from bag

    def _kill_worker(self) -> None:
        self._chance.choice(self._fleet.workers).signal(signal.SIGKILL)

    def _kill_printer(self) -> None:
        self._fleet.printer.signal(signal.SIGKILL)

    def _kill_beat(self) -> None:
        self._chance.choice(self._fleet.beats).signal(signal.SIGKILL)

    def _kill_server(self) -> None:
        self._fleet.server.signal(signal.SIGKILL)

    def _empty_server(self) -> None:
        """Take everything at a moment when all is on record: what no poll has seen yet, nobody can put back."""
        until = time.monotonic() + SETTLE_S
        while time.monotonic() < until and not self._is_settled():
            self.resume(time.monotonic())
            self._fleet.restart_if_due()
            time.sleep(0.1)
        with contextlib.closing(connect(self._fleet.server_url)) as client:
            keys = list(client.scan_iter(count=1000))
            client.delete(*keys)

    def _stop_worker(self) -> None:
        worker = self._chance.choice(self._fleet.workers)
        if worker.pid is not None:
            worker.signal(signal.SIGSTOP)
            self._resume.append((time.monotonic() + 20.0, worker.pid))


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def main() -> int:
    options = _options()
    chance = random.Random(options.seed)
    pages = [Page(f"page {n}", id=f"page-{n}", seed=options.seed * 1000 + n) for n in range(options.pages)]
    with SimulatedVendor(pages) as vendor, tempfile.TemporaryDirectory(prefix="tracker-chaos-") as directory:
        fleet = Fleet(Path(directory))
        try:
            return _run(options, chance, pages, vendor, fleet)
        finally:
            fleet.stop()
            if options.log:
                shutil.copy(fleet.log_path, options.log)


def _run(
    options: argparse.Namespace, chance: random.Random, pages: list[Page], vendor: SimulatedVendor, fleet: Fleet
) -> int:
    fleet.server.start()
    client = connect(fleet.server_url)
    catalogue = RedisCatalogue(client)
    _await(catalogue.ping)
    catalogue.put([_provider(page, vendor) for page in pages], pages[0].now())
    fleet.start()
    _await_baseline(fleet, catalogue)
    receiver = Receiver(random.Random(options.seed))
    RedisSinks(client).sync([Webhook(name="ops", url=receiver.url, allow_private=True)])
    publisher = Publisher(pages, chance)

    def is_settled() -> bool:
        recorded = _recorded(fleet.record_path)
        return len(recorded) >= len(publisher.published.updates)

    saboteur = Saboteur(fleet, chance, is_settled)
    fleet.keeper = Keeper(catalogue, RedisSinks(client), utc_now)
    _storm(options, fleet, publisher, saboteur)
    expected = publisher.published.updates
    recorded = _acknowledge(fleet, expected)
    _settle_webhook(fleet, receiver, expected)
    wait_for_empty_queues(client, fleet, SETTLE_S)
    stray = unexpected_keys(client)
    client.close()
    receiver.close()
    return _report(options, fleet, saboteur, expected, recorded, stray, receiver)


def _await_baseline(fleet: Fleet, catalogue: RedisCatalogue) -> None:
    until = time.monotonic() + SETTLE_S
    while not all(status.state.seeded for status in catalogue.statuses()):
        if time.monotonic() > until:
            raise TimeoutError("not every page was seen before the faults began")
        fleet.restart_if_due()
        time.sleep(0.1)


def _storm(options: argparse.Namespace, fleet: Fleet, publisher: Publisher, saboteur: Saboteur) -> None:
    began = time.monotonic()
    posted = struck = 0
    while (elapsed := time.monotonic() - began) < options.seconds:
        while posted < options.updates * elapsed / options.seconds:
            publisher.post()
            posted += 1
        if struck < options.faults * elapsed / options.seconds:
            saboteur.strike()
            struck += 1
        saboteur.resume(time.monotonic())
        fleet.restart_if_due()
        time.sleep(0.05)
    while posted < options.updates:
        publisher.post()
        posted += 1


def _acknowledge(fleet: Fleet, expected: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Return what is on record once it is as long as expected, or the time for that is over."""
    fleet.slow()
    until = time.monotonic() + SETTLE_S
    while time.monotonic() < until:
        fleet.restart_if_due()
        recorded = _recorded(fleet.record_path)
        if len(recorded) >= len(expected):
            break
        time.sleep(0.2)
    # What would be reported twice would come now.
    quiet_until = time.monotonic() + 5.0
    while time.monotonic() < quiet_until:
        fleet.restart_if_due()
        time.sleep(0.2)
    return _recorded(fleet.record_path)


def _settle_webhook(fleet: Fleet, receiver: Receiver, expected: list[tuple[str, str, str]]) -> None:
    until = time.monotonic() + SETTLE_S
    while time.monotonic() < until and not all("/".join(update) in receiver.accepted for update in expected):
        fleet.restart_if_due()
        time.sleep(0.2)


def _recorded(path: Path) -> list[tuple[str, str, str]]:
    if not path.exists():
        return []
    events = (json.loads(line) for line in path.read_bytes().split(b"\n")[:-1])
    return [(event["provider"], event["incident_id"], event["update_id"]) for event in events if event["update_id"]]


def _report(
    options: argparse.Namespace,
    fleet: Fleet,
    saboteur: Saboteur,
    expected: list[tuple[str, str, str]],
    recorded: list[tuple[str, str, str]],
    stray: list[str],
    receiver: Receiver,
) -> int:
    faults = {**saboteur.counts, **{f"died at {name}": n for name, n in fleet.deaths_at_failpoints().items()}}
    counts = Counter(recorded)
    lost = [update for update in expected if update not in counts]
    duplicated = sum(n - 1 for n in counts.values())
    foreign = [update for update in counts if update not in set(expected)]
    wrong_order = _out_of_order(expected, recorded)
    hooked = receiver.accepted
    unhooked = [update for update in expected if "/".join(update) not in hooked]
    rows = [
        *((f"fault: {kind}", count) for kind, count in sorted(faults.items())),
        ("faults in all", sum(faults.values())),
        ("updates expected", len(expected)),
        ("lost", len(lost)),
        ("duplicated", duplicated),
        ("out of order", wrong_order),
        ("not expected", len(foreign)),
        ("webhook: lost", len(unhooked)),
        ("webhook: repeated with the same key", sum(n - 1 for n in hooked.values())),
        ("keys not expected", len(stray)),
        ("tracebacks in the logs", fleet.tracebacks()),
    ]
    width = max(len(name) for name, _ in rows)
    print(f"seed {options.seed}, {options.pages} pages, {options.seconds} s")
    for name, count in rows:
        print(f"  {name.ljust(width)}  {count:>6}")
    for key in stray:
        print(f"  key not expected: {key}")
    for update in lost[:5]:
        print(f"  lost: {update}")
    failed = bool(lost or duplicated or foreign or wrong_order or unhooked or stray)
    print("FAILED" if failed else "passed", flush=True)
    return 1 if failed else 0


def _out_of_order(expected: list[tuple[str, str, str]], recorded: list[tuple[str, str, str]]) -> int:
    """Count updates that stand behind a later one of the same incident."""
    position = {update: number for number, update in enumerate(expected)}
    latest: dict[tuple[str, str], int] = {}
    wrong = 0
    for update in recorded:
        number = position.get(update, -1)
        wrong += number < latest.get(update[:2], -1)
        latest[update[:2]] = max(number, latest.get(update[:2], -1))
    return wrong


def _provider(page: Page, vendor: SimulatedVendor) -> Provider:
    return new_provider(
        vendor.url(page.id), formats=FORMAT_NAMES, name=page.id, interval_s=1, allow_private=True, first_sight="silent"
    )


def _await(ready: Callable[[], None]) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            return ready()
        except Exception:  # whatever it is while it starts
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument("--seconds", type=float, default=150.0)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--updates", type=int, default=600)
    parser.add_argument("--faults", type=int, default=25)
    parser.add_argument("--log", type=Path, help="where to leave the processes' log")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
