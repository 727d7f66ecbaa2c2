"""A page of one's own behind a private certificate authority: TRACKER_CA_FILE, from environment to handshake."""

import ssl
import subprocess
from pathlib import Path
from shutil import which

import pytest

from tests.contract.fetch_origin import Origin
from tracker.bootstrap import build_fetcher, client_options
from tracker.environment.settings import Settings
from tracker.errors import TlsError
from tracker.polling.fetcher import Fetched, FetchRequest

pytestmark = pytest.mark.skipif(which("openssl") is None, reason="openssl makes the certificates")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate authority, and a certificate of it for localhost."""
    folder = tmp_path_factory.mktemp("authority")
    (folder / "names").write_text("subjectAltName=DNS:localhost\nauthorityKeyIdentifier=keyid\n")
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    usage = "-addext keyUsage=critical,keyCertSign"
    for command in (
        f"openssl req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=ca -days 2 {usage}",
        f"openssl req {key} -keyout site.key -out site.csr -subj /CN=localhost",
        "openssl x509 -req -in site.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out site.pem -days 2 -extfile names",
    ):
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def origin(folder: Path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "site.pem", folder / "site.key")
    with Origin(lambda exchange: exchange.answer(body=b"news"), tls=context) as origin:
        yield origin


def test_a_page_of_a_private_authority_is_read(folder: Path, origin: Origin) -> None:
    fetcher = build_fetcher(client_options(Settings.from_environment({"TRACKER_CA_FILE": str(folder / "ca.pem")})))

    answer = fetcher.fetch(FetchRequest(url=origin.url(host="localhost"), allow_private=True))

    assert isinstance(answer, Fetched)
    assert answer.body == b"news"


def test_without_the_file_its_certificate_is_refused(origin: Origin) -> None:
    fetcher = build_fetcher(client_options(Settings.from_environment({})))

    with pytest.raises(TlsError, match="certificate of localhost is not valid"):
        fetcher.fetch(FetchRequest(url=origin.url(host="localhost"), allow_private=True))
