"""Networks as they are found: a page for signed-in readers and a page behind a proxy, through the whole stack."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from tests.contract.fetch_origin import Exchange, Origin
from tests.e2e.running import RunningTracker, provider
from tests.forward_proxy import ForwardProxy

SECRET = "Basic b3BzOmh1bnRlcjI="
PROXY_PASSWORD = "hunter3"
#: Knows no address.
BEHIND = "status.acme.example"


def feed(*titles: str) -> bytes:
    items = "".join(
        f"<item><title>{title}</title><guid isPermaLink='false'>{title}</guid>"
        f"<pubDate>Mon, 23 Nov 2026 12:00:00 GMT</pubDate><description>Investigating - {title}</description></item>"
        for title in titles
    )
    return f"<rss version='2.0'><channel><title>Acme Status</title>{items}</channel></rss>".encode()


class PrivatePage:
    """A feed that wants credentials, and another host that must not get them."""

    def __init__(self) -> None:
        self.titles = ["Errors"]
        self.elsewhere = ""
        self.leaked = False

    def __call__(self, exchange: Exchange) -> None:
        given = exchange.request.headers.get("authorization")
        if exchange.request.headers["host"].startswith("localhost"):
            self.leaked = self.leaked or given is not None
            exchange.answer(body=feed(*self.titles), Content_Type="application/rss+xml")
        elif given != SECRET:
            exchange.answer("401 Unauthorized")
        elif exchange.request.path == "/moved.rss":
            exchange.answer("302 Found", Location=f"{self.elsewhere}/history.rss")
        else:
            exchange.answer(body=feed(*self.titles), Content_Type="application/rss+xml")


@dataclass
class Network:
    """What runs."""

    tracker: RunningTracker
    page: PrivatePage
    proxy: ForwardProxy

    def titles(self, provider_id: str) -> set[str]:
        return {event["incident"] for event in self.tracker.events if event["provider"] == provider_id}


def signed_in(variable: str) -> str:
    return f'format = "feed"\nheaders_env = {{ Authorization = "{variable}" }}\n'


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    page = PrivatePage()
    public = Origin(lambda exchange: exchange.answer(body=feed(*page.titles), Content_Type="application/rss+xml"))
    with Origin(page) as private, public:
        page.elsewhere = private.url("", "localhost").rstrip("/")
        proxy = ForwardProxy({BEHIND: public})
        with Origin(proxy) as forwarder:
            entries = provider("private", private.url("/history.rss"), interval=2) + signed_in("ACME_AUTH")
            entries += provider("moved", private.url("/moved.rss"), interval=2) + signed_in("ACME_AUTH")
            entries += provider("missing", private.url("/history.rss"), interval=2) + signed_in("OTHER_AUTH")
            entries += provider("refused", private.url("/history.rss"), interval=2) + 'format = "feed"\n'
            entries += provider("behind", f"http://{BEHIND}/history.rss", interval=2) + 'format = "feed"\n'
            environ = {"ACME_AUTH": SECRET, "HTTP_PROXY": f"http://ops:{PROXY_PASSWORD}@127.0.0.1:{forwarder.port}"}
            directory = tmp_path_factory.mktemp("networks")
            with RunningTracker(entries, directory, "-v", "--format", "json", environ=environ) as tracker:
                tracker.wait_for(lambda tracker: any("watching" in line for line in tracker.log))
                yield Network(tracker, page, proxy)


def test_pages_behind_credentials_and_behind_a_proxy_are_read(network: Network) -> None:
    network.page.titles.append("Delays")
    readable = ("private", "moved", "behind")
    network.tracker.wait_for(lambda _: all("Delays" in network.titles(name) for name in readable))

    assert not network.page.leaked
    assert set(network.proxy.asked) == {f"GET http://{BEHIND}/history.rss"}


def test_a_page_whose_credentials_are_missing_is_named_at_the_start_and_as_unreadable(network: Network) -> None:
    sentence = "headers_env names OTHER_AUTH, which is not set; set it, or OTHER_AUTH_FILE"
    network.tracker.wait_for(
        lambda tracker: (
            {"missing", "refused"}
            <= {event["provider"] for event in tracker.events if event["event"] == "page_unreadable"}
        )
    )
    reported = {
        event["provider"]: event["message"] for event in network.tracker.events if event["event"] == "page_unreadable"
    }

    assert any(sentence in line and "cannot be read without it" in line for line in network.tracker.log)
    assert sentence in reported["missing"]
    assert "answered 401: give its credentials by headers_env" in reported["refused"]
    assert set(reported) == {"missing", "refused"}


def test_no_secret_is_shown_or_stored(network: Network) -> None:
    tracker = network.tracker
    shown = [tracker.command("status", "--format", "json"), tracker.command("providers", "list", "--format", "json")]
    texts = [*tracker.log, *tracker.lines, *(done.stdout + done.stderr for done in shown)]
    texts += [Path(f"/proc/{pid}/cmdline").read_text() for pid in tracker.children("")]
    client = redis.Redis.from_url((tracker.data_dir / "redis.url").read_text().strip())
    stored = [client.dump(key) or b"" for key in client.scan_iter("*")]
    client.close()
    files = [path.read_bytes() for path in tracker.data_dir.rglob("*") if path.is_file()]

    assert "ACME_AUTH" in shown[1].stdout
    assert any(b"ACME_AUTH" in value for value in stored)
    for secret in (SECRET, SECRET.split()[1], PROXY_PASSWORD):
        assert not [text for text in texts if secret in text]
        assert not [data for data in (*stored, *files) if secret.encode() in data]
