"""Every channel over its service: a fake written from the vendor's documents, or the real program."""

import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from tests.channels.fakes import incidentio, jsm, mail_server, pagerduty, slack
from tests.channels.fakes.alertmanager import PROGRAM, RealAlertmanager
from tests.channels.fakes.discord import FakeDiscord
from tests.channels.fakes.mail_server import FakeMailServer
from tests.channels.fakes.receiver import FakeAppriseTarget, FakeReceiver
from tests.channels.fakes.teams import FakeTeams
from tests.conftest import CI
from tests.ports import unused_port
from tests.receiver import SECRET
from tracker.alerting.channel import Channel
from tracker.alerting.channels.registry import channel_of
from tracker.catalogue.channel import channel_config_of
from tracker.fetch.mail import SmtpMailer
from tracker.fetch.options import ClientOptions
from tracker.fetch.post import RequestsPoster
from tracker.model.clock import utc_now

#: Every secret that any channel of the tests has; none may show up in a message.
SECRETS = {
    "ROUTING_KEY": pagerduty.ROUTING_KEY,
    "TOKEN": slack.TOKEN,
    "INCIDENTIO_TOKEN": incidentio.TOKEN,
    "JSM_KEY": jsm.KEY,
    "SMTP_USER": mail_server.USER,
    "SMTP_PASSWORD": mail_server.PASSWORD,
    "SIGNING_KEY": SECRET,
    "RECEIVER_AUTH": "Bearer r3ceiver-0123456789",
}


@dataclass
class Bench:
    """One channel and the service behind it."""

    type: str
    service: Any
    channel: Channel
    table: dict[str, Any]
    make: Callable[[dict[str, Any]], Channel]
    environ: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Traits:
    """What a channel type can do, as docs/channels.md says."""

    #: Which of the five updates of `story.life` people get to see, by position.
    shows: tuple[int, ...]
    #: Whether a call that is repeated after a lost answer may be seen twice.
    may_double: bool = False
    #: Whether a service of this type knows alerts by key, so that two alerts stay apart.
    knows_keys: bool = True


TRAITS = {
    # A resolve event carries no text; the newest update is in the log before.
    "pagerduty": Traits(shows=(0, 1, 2, 3)),
    "slack": Traits(shows=(0, 1, 2, 3, 4)),
    "slack-webhook": Traits(shows=(0, 2, 3, 4), may_double=True, knows_keys=False),
    "discord": Traits(shows=(0, 1, 2, 3, 4), may_double=True),
    "teams": Traits(shows=(0, 3, 4), may_double=True, knows_keys=False),
    "email": Traits(shows=(0, 1, 2, 3, 4)),
    "alertmanager": Traits(shows=(0, 3, 4)),
    "jsm": Traits(shows=(0, 1, 2, 3, 4), may_double=True),
    "incidentio": Traits(shows=(0, 1, 2, 3, 4)),
    "webhook": Traits(shows=(0, 1, 2, 3, 4)),
    "apprise": Traits(shows=(0, 4), may_double=True, knows_keys=False),
}


@pytest.fixture(scope="session")
def mail_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost with its key, in one folder."""
    return certificate_in(tmp_path_factory.mktemp("mail"))


def certificate_in(folder: Path) -> Path:
    """Make a certificate for localhost in a folder, and return that folder."""
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout site.key -out site.pem "
        "-subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2"
    )
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def poster() -> Iterator[RequestsPoster]:
    made = RequestsPoster(ClientOptions(user_agent="tests (+https://example.com)"))
    yield made
    made.close()


def server_context(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "site.pem", folder / "site.key")
    return context


def service_of(type: str, folder: Path, certificate: Path) -> AbstractContextManager[Any]:
    """Return the service behind a channel type, not begun yet."""
    if type == "email":
        return FakeMailServer(unused_port(), server_context(certificate))
    if type == "alertmanager":
        if which(PROGRAM) is None:
            assert not CI, f"install {PROGRAM}"
            pytest.skip(f"{PROGRAM} is not installed")
        return RealAlertmanager(folder, unused_port())
    makers: dict[str, Callable[[], AbstractContextManager[Any]]] = {
        "pagerduty": pagerduty.FakePagerDuty,
        "slack": slack.FakeSlack,
        "slack-webhook": slack.FakeSlackWebhook,
        "discord": FakeDiscord,
        "teams": FakeTeams,
        "jsm": jsm.FakeJsm,
        "incidentio": incidentio.FakeIncidentIo,
        "webhook": FakeReceiver,
        "apprise": FakeAppriseTarget,
    }
    return makers[type]()


def table_of(type: str, service: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the channel's table in providers.toml, and what the environment holds for it."""
    keys: dict[str, dict[str, Any]] = {
        "pagerduty": {"routing_key_env": "ROUTING_KEY"},
        "slack": {"token_env": "TOKEN", "channel": slack.CHANNEL},
        "jsm": {"api_key_env": "JSM_KEY"},
        "incidentio": {"token_env": "INCIDENTIO_TOKEN", "source": incidentio.SOURCE},
        "webhook": {"headers_env": {"Authorization": "RECEIVER_AUTH"}, "secret_env": "SIGNING_KEY"},
        "alertmanager": {"labels": {"team": "payments"}},
        "email": {
            "host": "localhost",
            "port": getattr(service, "port", 0),
            "from": "status@example.com",
            "to": ["oncall@example.com", "second@example.com"],
            "username_env": "SMTP_USER",
            "password_env": "SMTP_PASSWORD",
        },
    }
    table = {"name": "oncall", "type": type, **keys.get(type, {}), "allow_private": True}
    environ = dict(SECRETS)
    if type in {"pagerduty", "slack", "jsm", "incidentio", "alertmanager"}:
        table["api_url"] = f"{service.url}/api/" if type == "slack" else service.url
    elif type != "email":
        path = getattr(service, "PATH", "/hook")
        table["url_env"] = "URL"
        url = f"{service.url}{path}"
        environ["URL"] = url.replace("http://", "json://") if type == "apprise" else url
    return table, environ


def bench_of(type: str, service: Any, poster: RequestsPoster, certificate: Path) -> Bench:
    """Return a channel of that type over its service."""
    table, environ = table_of(type, service)
    mailer = SmtpMailer(ClientOptions(user_agent="tests", ca_file=str(certificate / "site.pem")))

    def make(keys: dict[str, Any]) -> Channel:
        config = channel_config_of(keys, 'providers.toml: channel 1 "oncall"')
        return channel_of(config, environ=environ, caller=poster, mailer=mailer, clock=utc_now)

    return Bench(type, service, make(table), table, make, environ)


#: Each message of apprise is a process that imports it: half of the time of all tests of channels together.
_TYPES = [pytest.param(each, marks=pytest.mark.faults if each == "apprise" else ()) for each in TRAITS]


@pytest.fixture
def bench_for(tmp_path: Path, mail_certificate: Path, poster: RequestsPoster) -> Iterator[Callable[[str], Bench]]:
    """Open channels by type, each over a service that knows nothing yet."""
    with ExitStack() as services:

        def open_(type: str) -> Bench:
            service = services.enter_context(service_of(type, tmp_path, mail_certificate))
            return bench_of(type, service, poster, mail_certificate)

        yield open_


@pytest.fixture(params=_TYPES)
def bench(request: pytest.FixtureRequest, bench_for: Callable[[str], Bench]) -> Bench:
    """Every channel type in turn."""
    return bench_for(request.param)
