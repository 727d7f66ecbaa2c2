"""The whole stack with TLS between it and the data server."""

import asyncio
import contextlib
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from urllib.parse import urlsplit

import pytest

from tests.e2e.running import RunningTracker, provider
from tracker.simulator.server import SimulatedVendor
from tracker.simulator.vendor import Page


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority of our own (`ca.pem`) and its certificate for localhost (`site.pem`, `site.key`)."""
    if which("openssl") is None:
        pytest.skip("the openssl command makes the certificates, and it is not there")
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    usage = "-addext keyUsage=critical,keyCertSign"
    for command in (
        f"openssl req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=ca -days 2 {usage}",
        f"openssl req {key} -keyout site.key -out site.csr -subj /CN=localhost",
        "openssl x509 -req -in site.csr -CA ca.pem -CAkey ca.key -out site.pem -days 2 -extfile names",
    ):
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def tls_port(certificates: Path, valkey_url: str) -> Iterator[int]:
    """A port that speaks TLS and passes everything on to the data server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "site.pem", certificates / "site.key")
    loop, ports, over = asyncio.new_event_loop(), [], asyncio.Event()
    listening = threading.Event()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.transport.abort()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", urlsplit(valkey_url).port)
        await asyncio.gather(pump(reader, outer), pump(inner, writer))

    async def serve() -> None:
        server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
        ports.append(server.sockets[0].getsockname()[1])
        listening.set()
        await over.wait()
        server.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    listening.wait()
    yield ports[0]
    loop.call_soon_threadsafe(over.set)
    thread.join()
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


def test_all_of_it_speaks_tls_and_checks_the_certificate(
    certificates: Path, tls_port: int, valkey: object, tmp_path: Path
) -> None:
    assert valkey
    page = Page("acme", id="acme")
    address = f"rediss://localhost:{tls_port}/0"
    trusting = {"REDIS_URL": f"{address}?ssl_ca_certs={certificates / 'ca.pem'}"}
    with SimulatedVendor([page]) as vendor:
        entries = provider("acme", vendor.url("acme"))
        with RunningTracker(entries, tmp_path, "--format", "json", environ=trusting) as tracker:
            tracker.wait_until_watching()
            page.open_incident("Errors", body="We look into it.")
            tracker.wait_for(lambda t: t.events)
            status = tracker.command("status")
        doubting = RunningTracker(entries, tmp_path / "data", environ={"REDIS_URL": address})
        refused = doubting.command("status")

    assert "Errors (investigating)" in status.stdout
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert "CERTIFICATE_VERIFY_FAILED" in line
