"""`make chaos`: publish a known sequence of updates while processes and connections break, then count.

    python -m tests.chaos.run [--seed N | --seeds 1-10] [--seconds 180] [--pages 50] [--updates 1050] [--faults 55]

Exit status 0 when every expected update is on record once, in order, and nothing else is, no process has left a
traceback, and no tracker took over the data server of another one; 1 otherwise.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.chaos.fleet import Fleet
from tests.chaos.keys import unexpected_keys, wait_for_empty_queues
from tests.chaos.publisher import Publisher, judged, recorded
from tests.chaos.receiver import Receiver
from tests.chaos.report import Outcome, print_outcome, print_table
from tests.chaos.saboteur import SETTLE_S, Saboteur
from tests.e2e.running import provider as entry
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

#: A host of its own for the half of the pages that hangs: pages of one host wait for each other.
OTHER_HOST = "127.0.0.2"
#: Pages of the second tracker, and its share of the updates.
BESIDE, BESIDE_SHARE = 5, 0.1


def main() -> int:
    options = _options()
    outcomes = []
    for seed in options.seeds:
        outcomes.append(_with_seed(options, seed))
        print_outcome(outcomes[-1])
    if len(outcomes) > 1:
        print_table(outcomes)
    return 0 if all(outcome.is_right for outcome in outcomes) else 1


def _with_seed(options: argparse.Namespace, seed: int) -> Outcome:
    pages = [Page(f"page {n}", id=f"page-{n}", seed=seed * 1000 + n) for n in range(options.pages)]
    beside = [Page(f"beside {n}", id=f"beside-{n}", seed=seed * 1000 + 500 + n) for n in range(BESIDE)]
    half = len(pages) // 2
    with (
        SimulatedVendor([*pages[:half], *beside]) as vendor,
        SimulatedVendor(pages[half:], OTHER_HOST) as hanging,
        tempfile.TemporaryDirectory(prefix="tracker-chaos-") as directory,
    ):
        fleet = Fleet(Path(directory))
        try:
            run = Run(options, seed, fleet, pages, beside, vendor, hanging)
            return run.outcome()
        finally:
            fleet.stop()
            if options.log:
                shutil.copy(fleet.log_path, options.log.with_stem(f"{options.log.stem}-{seed}"))


class Run:
    """One run: what is published, broken and counted."""

    def __init__(
        self,
        options: argparse.Namespace,
        seed: int,
        fleet: Fleet,
        pages: Sequence[Page],
        beside: Sequence[Page],
        vendor: SimulatedVendor,
        hanging: SimulatedVendor,
    ) -> None:
        self._options, self._seed, self._fleet = options, seed, fleet
        self._began = time.monotonic()
        self._chance = random.Random(seed)
        half = len(pages) // 2
        self._providers = [_provider(page, vendor if n < half else hanging) for n, page in enumerate(pages)]
        self._publisher, self._beside = Publisher(pages, self._chance), Publisher(beside, self._chance)
        hangs = [page.id for page in pages[half:]]
        self._saboteur = Saboteur(fleet, self._chance, self._is_settled, hanging, hangs)
        fleet.beside.write("".join(entry(page.id, vendor.url(page.id)) for page in beside))

    def outcome(self) -> Outcome:
        """Run to the end and return what came of it."""
        self._fleet.server.start()
        client = connect(self._fleet.server_url)
        catalogue = RedisCatalogue(client)
        _await(catalogue.ping)
        self._fleet.own()
        catalogue.put(self._providers, utc_now(), replacing="file")
        self._fleet.start()
        self._await_baseline(catalogue)
        receiver = Receiver(random.Random(self._seed))
        RedisSinks(client).sync([Webhook(name="ops", url=receiver.url, allow_private=True)])
        self._fleet.keeper = Keeper(catalogue, RedisSinks(client), utc_now)
        self._storm()
        self._settle(receiver)
        wait_for_empty_queues(client, self._fleet, SETTLE_S)
        stray = unexpected_keys(client)
        client.close()
        receiver.close()
        return self._counted(receiver, stray)

    def _await_baseline(self, catalogue: RedisCatalogue) -> None:
        def is_there() -> bool:
            return all(status.state.seeded for status in catalogue.statuses()) and self._is_watching_beside()

        if not self._wait(is_there, SETTLE_S):
            raise TimeoutError("not every page was seen before the faults began")

    def _is_watching_beside(self) -> bool:
        return " watching " in self._fleet.log_path.read_text(errors="replace")

    def _storm(self) -> None:
        began, seconds = time.monotonic(), self._options.seconds
        posted = struck = 0
        while (elapsed := time.monotonic() - began) < seconds:
            while posted < self._options.updates * elapsed / seconds:
                self._post()
                posted += 1
            if struck < self._options.faults * elapsed / seconds:
                self._saboteur.strike()
                struck += 1
            self._look()
            time.sleep(0.05)
        for _ in range(posted, self._options.updates):
            self._post()

    def _post(self) -> None:
        (self._beside if self._chance.random() < BESIDE_SHARE else self._publisher).post()

    def _settle(self, receiver: Receiver) -> None:
        """Let all that was published arrive, and what would be reported twice."""
        self._saboteur.rest()
        self._fleet.heal()
        self._wait(self._is_settled, SETTLE_S)
        self._wait(lambda: False, 5.0)
        self._await_deliveries(receiver)

    def _await_deliveries(self, receiver: Receiver) -> None:
        """Wait while the receiver gets what it lacks: after each refusal a webhook pauses for seconds."""
        wanted = {"/".join(update) for update in self._publisher.updates}
        before, missing = 0, len(wanted - receiver.accepted.keys())
        while missing and missing != before:
            before = missing
            self._wait(lambda: wanted <= receiver.accepted.keys(), SETTLE_S)
            missing = len(wanted - receiver.accepted.keys())

    def _is_settled(self) -> bool:
        return all(
            len(recorded(path)) >= len(publisher.updates)
            for path, publisher in (
                (self._fleet.record_path, self._publisher),
                (self._fleet.beside.record_path, self._beside),
            )
        )

    def _wait(self, is_so: Callable[[], bool], seconds: float) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if is_so():
                return True
            self._look()
            time.sleep(0.2)
        return False

    def _look(self) -> None:
        self._saboteur.look(time.monotonic())
        self._fleet.restart_if_due()

    def _counted(self, receiver: Receiver, stray: list[str]) -> Outcome:
        fleet, expected = self._fleet, self._publisher.updates
        died = {f"died at {name}": count for name, count in fleet.deaths_at_failpoints().items()}
        return Outcome(
            seed=self._seed,
            seconds=round(time.monotonic() - self._began),
            faults={**self._saboteur.counts, **died},
            record=judged(expected, recorded(fleet.record_path)),
            beside=judged(self._beside.updates, recorded(fleet.beside.record_path)),
            unhooked=sum("/".join(update) not in receiver.accepted for update in expected),
            hooked_again=sum(count - 1 for count in receiver.accepted.values()),
            second_owners=dict(fleet.beside.ends),
            taken=fleet.beside.taken,
            stray=tuple(stray),
            tracebacks=fleet.tracebacks(),
        )


def _provider(page: Page, vendor: SimulatedVendor) -> Provider:
    return new_provider(
        vendor.url(page.id),
        formats=FORMAT_NAMES,
        origin="file",
        name=page.id,
        interval_s=1,
        allow_private=True,
        first_sight="silent",
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
    parser.add_argument("--seeds", "--seed", type=_seeds, default=[random.SystemRandom().randrange(10_000)])
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--updates", type=int, default=1050)
    parser.add_argument("--faults", type=int, default=55)
    parser.add_argument("--log", type=Path, help="where to leave the processes' logs; each name ends with the seed")
    return parser.parse_args()


def _seeds(text: str) -> list[int]:
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


if __name__ == "__main__":
    sys.exit(main())
