"""TLS to the data server: verified unless somebody says otherwise, for every process and every command.

The server that comes along knows no TLS, so that a proxy ends it here, as stunnel or a cloud's load balancer does.
"""

import contextlib
import json
import select
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from typing import Self
from urllib.parse import urlsplit

import pytest
from kombu import Connection
from kombu.exceptions import OperationalError

from tests.data_server import DataServer
from tests.e2e.running import RunningTracker, provider
from tests.patience import PATIENCE_S
from tests.ports import unused_port
from tracker.environment.settings import Settings
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page

PASSWORD = "hunter2-hunter2"

pytestmark = pytest.mark.skipif(which("openssl") is None, reason="openssl makes the certificates")


class TlsProxy:
    """Ends TLS in front of a port, in a thread for each connection."""

    def __init__(self, target_port: int, context: ssl.SSLContext) -> None:
        self._target_port = target_port
        self._context = context
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        #: Connections that came through the handshake.
        self.connections = 0

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:  # each ends with its client or with the data server
            thread.join(PATIENCE_S)

    def _run(self, call: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=call, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._run(self._serve, client)

    def _serve(self, plain: socket.socket) -> None:
        # A client that does not trust us leaves in the middle of the handshake.
        with plain, contextlib.suppress(OSError):
            plain.settimeout(PATIENCE_S)
            with (
                self._context.wrap_socket(plain, server_side=True) as outer,
                socket.create_connection(("127.0.0.1", self._target_port)) as inner,
            ):
                self.connections += 1
                _pump(outer, inner)


def _pump(outer: ssl.SSLSocket, inner: socket.socket) -> None:
    """Hand on what comes, in both directions, until one side ends."""
    while True:
        ready = [outer] if outer.pending() else select.select([outer, inner], [], [])[0]
        for sock in ready:
            data = sock.recv(65536)
            if not data:
                return
            (inner if sock is outer else outer).sendall(data)


def openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def authority(directory: Path, name: str) -> Path:
    """Return the certificate of a new authority; its key lies beside it."""
    key, certificate = directory / f"{name}.key", directory / f"{name}.pem"
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    usage = ("-addext", "keyUsage=critical,keyCertSign")  # which Python 3.13 insists on
    openssl("req", "-x509", *new_key, *usage, "-keyout", key, "-out", certificate, "-days", "2", "-subj", f"/CN={name}")
    return certificate


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with two authorities and a certificate of the first one for the name localhost, and no other."""
    directory = tmp_path_factory.mktemp("certificates")
    ours = authority(directory, "ours")
    authority(directory, "other")
    key, request, extensions = directory / "server.key", directory / "server.csr", directory / "server.ext"
    extensions.write_text("subjectAltName=DNS:localhost\nauthorityKeyIdentifier=keyid\n")
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-new", *new_key, "-keyout", key, "-out", request, "-subj", "/CN=localhost")
    signed_by = ("-CA", ours, "-CAkey", directory / "ours.key", "-CAcreateserial")
    openssl(
        "x509",
        "-req",
        "-in",
        request,
        *signed_by,
        "-days",
        "2",
        "-extfile",
        extensions,
        "-out",
        directory / "server.pem",
    )
    return directory


@pytest.fixture(scope="module")
def proxy(certificates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsProxy]:
    """A real data server with a password, behind TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    port = unused_port()
    server = DataServer(tmp_path_factory.mktemp("server"), port, password=PASSWORD)
    with TlsProxy(port, context) as proxy, server:
        yield proxy


def started(tracker: RunningTracker) -> int:
    """Start it and return its exit status."""
    tracker.start()
    assert tracker.process is not None
    status = tracker.process.wait(PATIENCE_S)
    tracker.stop()
    return status


def test_all_processes_and_commands_speak_tls(proxy: TlsProxy, certificates: Path, tmp_path: Path) -> None:
    page = Page("acme", id="acme")
    environ = {
        "REDIS_URL": f"rediss://localhost:{proxy.port}/0?ssl_ca_certs={certificates / 'ours.pem'}",
        "REDIS_PASSWORD": PASSWORD,
    }
    with (
        SimulatedVendor([page]) as vendor,
        RunningTracker(provider("acme", vendor.url("acme")), tmp_path, "--format", "json", environ=environ) as tracker,
    ):
        tracker.wait_until_watching()
        page.open_incident("Errors", body="We look into it.")
        tracker.wait_for(lambda t: t.events)
        status = tracker.command("status", "--format", "json")
        added = tracker.command("providers", "add", "--no-check", "https://status.example.com")
        servers = tracker.children("valkey-server")

    assert [event["incident"] for event in tracker.events] == ["Errors"]
    assert status.returncode == 0, status.stderr
    assert [report["provider"] for report in json.loads(status.stdout)] == ["acme"]
    assert added.returncode == 0, added.stderr
    assert servers == []
    assert PASSWORD not in "".join(tracker.log) + status.stdout + added.stdout
    assert proxy.connections >= 6  # supervisor, beat, two workers, printer, command


UNTRUSTED = {
    "another authority": (
        "rediss://localhost:{port}/0?ssl_ca_certs={directory}/other.pem",
        "certificate verify failed",
    ),
    "an authority that the system does not know": ("rediss://localhost:{port}/0", "certificate verify failed"),
    "another name": ("rediss://127.0.0.1:{port}/0?ssl_ca_certs={directory}/ours.pem", "IP address mismatch"),
    "a file that is none": ("rediss://localhost:{port}/0?ssl_ca_certs={directory}/none.pem", "No such file"),
    "no TLS at all": ("redis://localhost:{port}/0", "rediss:// with TLS"),
}


#: Processes that start for each of them take long, so that `make test` tries one; Celery below is asked for all.
STARTED = [
    pytest.param(*case, id=name, marks=() if name == "no TLS at all" else pytest.mark.faults)
    for name, case in UNTRUSTED.items()
]


@pytest.mark.parametrize(("url", "reason"), STARTED)
def test_a_server_that_cannot_prove_who_it_is_is_refused_with_one_sentence(
    proxy: TlsProxy, certificates: Path, tmp_path: Path, url: str, reason: str
) -> None:
    before = proxy.connections
    environ = {"REDIS_URL": url.format(port=proxy.port, directory=certificates), "REDIS_PASSWORD": PASSWORD}
    tracker = RunningTracker(provider("acme", "http://127.0.0.1:9"), tmp_path, environ=environ)

    status = started(tracker)
    shown = tracker.command("status")

    assert status in (2, 4)  # what it refuses, and what may be a server that is only away
    *_, sentence = tracker.log
    assert reason in sentence
    assert f":***@{urlsplit(environ['REDIS_URL']).netloc}/0" in sentence
    assert shown.returncode == status
    (line,) = shown.stderr.splitlines()
    assert line.endswith(sentence.rstrip("\n").removeprefix("tracker: "))
    assert "Traceback" not in "".join(tracker.log)
    assert PASSWORD not in "".join(tracker.log)
    assert proxy.connections == before


@pytest.mark.parametrize(("url", "reason"), UNTRUSTED.values(), ids=UNTRUSTED)
def test_celery_refuses_it_as_well(proxy: TlsProxy, certificates: Path, url: str, reason: str) -> None:
    environ = {"REDIS_URL": url.format(port=proxy.port, directory=certificates), "REDIS_PASSWORD": PASSWORD}
    broker_url = Settings.from_environment(environ).broker_url
    before = proxy.connections

    with Connection(broker_url) as broker, pytest.raises(OperationalError) as refused:
        broker.ensure_connection(max_retries=1, interval_start=0, interval_max=0)

    assert reason in str(refused.value) or broker_url.startswith("redis://")
    assert PASSWORD not in f"{refused.value}{broker}"
    assert proxy.connections == before


def test_celery_speaks_tls_to_a_server_that_can(proxy: TlsProxy, certificates: Path) -> None:
    url = f"rediss://localhost:{proxy.port}/0?ssl_ca_certs={certificates / 'ours.pem'}"
    settings = Settings.from_environment({"REDIS_URL": url, "REDIS_PASSWORD": PASSWORD})

    with Connection(settings.broker_url) as broker:
        broker.ensure_connection(max_retries=1)
        assert broker.connected
