"""Certificates for the origins that fetchers are held to, and pages that are asked for in groups."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest
import redis
from click.testing import CliRunner, Result

from tests.data_server import DataServer
from tests.pages_on_a_loop import LoopedPages
from tests.ports import unused_port
from tracker.cli import cli

Run = Callable[..., Result]


@pytest.fixture
def looped(valkey_url: str) -> Iterator[LoopedPages]:
    """Pages in a real data server that are asked for in groups."""
    pages = LoopedPages(valkey_url)
    yield pages
    pages.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DataServer]:
    """A data server of a module's own, whose rights and settings its tests change."""
    with DataServer(tmp_path_factory.mktemp("server"), unused_port()) as running:
        yield running


@pytest.fixture
def run(valkey: "redis.Redis", valkey_url: str, tmp_path: Path) -> Run:
    """Runs a command against a real data server, with variables beside those that name it."""
    known = {"REDIS_URL": valkey_url, "TRACKER_DATA_DIR": str(tmp_path)}
    assert valkey is not None

    def invoke(*words: object, **environ: str) -> Result:
        return CliRunner().invoke(cli, [*map(str, words)], env=known | environ)

    return invoke


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A certificate authority of our own and a certificate of it for status.example and localhost, as files."""
    if which("openssl") is None:
        pytest.skip("the openssl command makes the certificates, and it is not there")
    folder = tmp_path_factory.mktemp("authority")

    (folder / "names").write_text("subjectAltName=DNS:status.example,DNS:localhost\nauthorityKeyIdentifier=keyid\n")
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    usage = "-addext keyUsage=critical,keyCertSign"
    for command in (
        f"openssl req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=ca -days 2 {usage}",
        f"openssl req -x509 {key} -keyout own.key -out own.pem -subj /CN=status.example -days 2",
        f"openssl req {key} -keyout site.key -out site.csr -subj /CN=status.example",
        "openssl x509 -req -in site.csr -CA ca.pem -CAkey ca.key -out site.pem -days 2 -extfile names",
    ):
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def tls(authority) -> Callable[..., SSLContext]:
    """Makes contexts of servers: with the certificate of our authority, or with one that a server signed itself."""

    def context(name: str = "site") -> SSLContext:
        made = SSLContext(PROTOCOL_TLS_SERVER)
        made.load_cert_chain(authority / f"{name}.pem", authority / f"{name}.key")
        return made

    return context
