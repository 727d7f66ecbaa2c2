"""Kill whoever decides about alerts and sends them at random points; count what services show then.

    python -m tests.chaos.alerts [--seed N] [--kills 500]

About a second for each kill where two cores are free; it gives up after four for each, and a minute.
Exit status 0 when no open and no close is missing, none is doubled in services that know keys, and in those that do not
there are no more doubles than kills.
"""

import argparse
import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import redis

from tests.channels.conftest import SECRETS, certificate_in, service_of, table_of
from tests.channels.fakes.service import FakeService, Shown
from tests.data_server import DataServer
from tests.ports import unused_port
from tracker.catalogue.channel import channel_config_of
from tracker.model.clock import utc_now
from tracker.model.event import Event, EventKind, encode_event
from tracker.model.provider import Provider
from tracker.model.route import Alerting, AlertKind, Route
from tracker.store.alerts import RedisAlerts
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import UPDATES, connect

#: Services that know an alert by its key, and those that do not.
KEYED = ("pagerduty", "slack", "jsm", "incidentio", "email", "webhook")
KEYLESS = ("discord", "slack-webhook", "teams")
#: Those in which nothing ties the messages of an alert together.
LINES = ("slack-webhook", "teams")
#: Those that show every update once, the oldest first.
ORDERED = ("slack", "discord")
FAILPOINTS = "deciding:0.02,decided:0.02,intended:0.03,sent:0.03,settled:0.03"
PAGES = 200
_STATUSES = ("investigating", "identified", "monitoring", "resolved")
_PATIENCE_S = 120.0
#: How long it may take: at least, and for each kill.
_LEAST_S, _EACH_KILL_S = 60.0, 4.0


class Publisher:
    """Puts updates of incidents into the event stream until it has to end all of them."""

    def __init__(self, client: "redis.Redis", chance: random.Random) -> None:
        self._client = client
        self._chance = chance
        self._open: dict[str, int] = {}
        self.incidents = 0
        self.updates = 0

    def publish(self) -> None:
        """Publish one more update of some incident."""
        incident = self._chance.choice([*self._open, ""]) if len(self._open) < 5 else self._chance.choice([*self._open])
        if not incident:
            self.incidents += 1
            incident = f"i{self.incidents}"
        step = self._open.get(incident, -1) + 1
        self._put(incident, step)

    def finish(self) -> None:
        """End what is open."""
        for incident in list(self._open):
            self._put(incident, len(_STATUSES) - 1)

    def _put(self, incident: str, step: int) -> None:
        status, now = _STATUSES[step], utc_now()
        provider = f"p{int(incident[1:]) % PAGES}"
        self.updates += 1
        event = Event(
            id=f"{provider}/{incident}/{self.updates}",
            event=EventKind.INCIDENT_UPDATE if step else EventKind.NEW_INCIDENT,
            provider=provider,
            provider_name=provider,
            product=provider,
            incident_id=incident,
            incident=f"Trouble {incident}",
            update_id=str(self.updates),
            status=status,
            message=f"Text {self.updates}.",
            impact="major",
            published_at=now,
            seen_at=now,
        )
        self._client.xadd(UPDATES, {"event": encode_event(event)})
        if status == "resolved":
            del self._open[incident]
        else:
            self._open[incident] = step


@contextlib.contextmanager
def services(folder: Path) -> Iterator[Mapping[str, FakeService]]:
    """Run a fake of each service."""
    certificate_in(folder)
    with contextlib.ExitStack() as stack:
        yield {kind: stack.enter_context(service_of(kind, folder, folder)) for kind in (*KEYED, *KEYLESS)}


def configure(url: str, known: Mapping[str, Any]) -> dict[str, str]:
    """Put a channel for each service in; return what the environment has to hold."""
    environ, configs = dict(SECRETS), []
    for kind, service in known.items():
        table, more = table_of(kind, service)
        renamed = {key: f"{kind.upper().replace('-', '_')}_{key}" for key in more}
        table = {key: renamed.get(value, value) if isinstance(value, str) else value for key, value in table.items()}
        environ |= {renamed[key]: value for key, value in more.items()}
        configs.append(channel_config_of({**table, "name": kind}, kind))
    # Each on a host of its own: six incidents of one host within two minutes would be a storm, reported as one.
    pages = [Provider(id=f"p{n}", name=f"P{n}", url=f"https://p{n}.example") for n in range(PAGES)]
    with contextlib.closing(connect(url)) as client:
        RedisAlerts(client).sync(
            Alerting(channels=tuple(configs), routes=(Route(to=tuple(known), kinds=(AlertKind.INCIDENT,)),))
        )
        RedisCatalogue(client).put(pages, utc_now())
    return environ


def run(kills: int, seed: int) -> int:
    """Publish, kill, count; return how many findings there are."""
    chance = random.Random(seed)
    with (
        tempfile.TemporaryDirectory() as name,
        services(Path(name)) as known,
        DataServer(Path(name), unused_port()) as server,
    ):
        ours = {"TRACKER_FAILPOINTS": FAILPOINTS, "TRACKER_CA_FILE": f"{name}/site.pem"}
        environ = {**os.environ, **configure(server.url, known), **ours}
        command = [sys.executable, "-m", "tests.chaos.alert_sender", server.url, str(kills)]
        with (
            subprocess.Popen(
                command,
                env=environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            ) as sender,
            contextlib.closing(connect(server.url)) as client,
        ):
            until = time.monotonic() + _LEAST_S + kills * _EACH_KILL_S
            settled, took_s, publisher = watched(sender, client, known, chance, until)
    reported = f"{publisher.incidents} incidents with {publisher.updates} updates"
    print(f"{kills} kills in {took_s:.0f} s, {reported}, seed {seed}")
    findings = [] if settled else ["something still waits, or it took too long"]
    for kind, service in known.items():
        findings += judged(kind, service, publisher.incidents, kills)
    for finding in findings:
        print("FINDING", finding)
    return len(findings)


def watched(
    sender: "subprocess.Popen[str]",
    client: "redis.Redis",
    known: Mapping[str, Any],
    chance: random.Random,
    until: float,
) -> tuple[bool, float, Publisher]:
    """Publish until the sender has died often enough; tell whether all came to rest, and how long it took."""
    over, store = threading.Event(), RedisAlerts(client)
    publisher, began = Publisher(client, chance), time.monotonic()
    assert sender.stdout is not None
    output = sender.stdout
    reader = threading.Thread(target=lambda: (output.readline(), over.set()), daemon=True)
    reader.start()
    while not over.wait(0.02):
        if time.monotonic() > until:
            os.killpg(sender.pid, signal.SIGKILL)
            return False, time.monotonic() - began, publisher
        # As fast as all is sent: what ends before it was sent at all is not sent, and would prove nothing.
        if is_quiet(store, known):
            publisher.publish()
    wait_until_quiet(store, known)
    publisher.finish()
    settled = wait_until_quiet(store, known) and not store.open_alerts()
    took_s = time.monotonic() - began
    reader.join()
    assert sender.stdin is not None
    sender.stdin.close()
    sender.wait(30)
    return settled, took_s, publisher


def is_quiet(store: RedisAlerts, known: Mapping[str, Any]) -> bool:
    """Tell whether all events are decided about and all that was decided is sent."""
    (group,) = store._client.xinfo_groups(UPDATES)
    newest = store._client.xinfo_stream(UPDATES)["last-generated-id"]
    undecided = group["pending"] or group["last-delivered-id"] != newest
    return not undecided and not any(state.ready for state in store.channel_states(known))


def wait_until_quiet(store: RedisAlerts, known: Mapping[str, Any]) -> bool:
    """Wait until nothing is left to be sent; tell whether that came."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        if is_quiet(store, known):
            return True
        time.sleep(0.02)
    return False


def judged(kind: str, service: Any, incidents: int, kills: int) -> list[str]:
    """Print what a service shows, and return what is wrong with it."""
    shown = service.shown()
    if kind in LINES:
        return judged_lines(kind, shown, incidents, kills)
    still, doubles = sum(each.is_open for each in shown), len(shown) - incidents
    reclosed = sum(max(0, each.closed - 1) for each in shown)
    print(
        f"{kind:14} shows {len(shown):5} objects of {incidents} incidents, {still} still open, {doubles} doubled, "
        f"{reclosed} closed again"
    )
    findings = [f"{kind}: {each.key} is out of order" for each in shown if kind in ORDERED and not is_in_order(each)]
    if doubles < 0:
        findings.append(f"{kind}: {-doubles} incidents are missing")
    if kind in KEYED and (still or doubles):
        findings.append(f"{kind}: {still} still open, {doubles} doubled")
    if doubles > kills or still > doubles:
        findings.append(f"{kind}: {doubles} doubled by {kills} kills, {still} still open")
    return findings


def is_in_order(shown: Shown) -> bool:
    """Tell whether the updates that an object shows come in the order in which they were published, each once."""
    numbers = [int(number) for text in shown.texts for number in re.findall(r"Text (\d+)\.", text)]
    return numbers == sorted(set(numbers))


def judged_lines(kind: str, shown: Sequence[Shown], incidents: int, kills: int) -> list[str]:
    """Judge messages that nothing ties together but their titles: each incident begins, goes on in order and ends."""
    said: dict[str, list[int]] = {f"i{number}": [] for number in range(1, incidents + 1)}
    for text in (text for each in shown for text in each.texts):
        incident, status = re.search(r"Trouble (i\d+)", text), re.search("|".join(_STATUSES), text, re.IGNORECASE)
        assert incident
        assert status
        said[incident[1]].append(_STATUSES.index(status[0].lower()))
    last = len(_STATUSES) - 1
    doubles = sum(len(each) - len(set(each)) for each in said.values())
    print(f"{kind:14} shows {sum(map(len, said.values())):5} messages of {incidents} incidents, {doubles} doubled")
    findings = [f"{kind}: {name} did not end" for name, each in said.items() if last not in each]
    findings += [f"{kind}: {name} is out of order" for name, each in said.items() if each != sorted(each)]
    return findings if doubles <= kills else [*findings, f"{kind}: {doubles} doubled by {kills} kills"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=int(datetime.now(UTC).timestamp()))
    parser.add_argument("--kills", type=int, default=500)
    given = parser.parse_args()
    sys.exit(1 if run(given.kills, given.seed) else 0)


if __name__ == "__main__":
    main()
