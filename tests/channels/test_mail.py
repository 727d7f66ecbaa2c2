"""Mail over a real SMTP server: threads, protection on the way, and nothing of a vendor's in a header's place."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.channels.conftest import server_context
from tests.channels.fakes.mail_server import PASSWORD, USER, FakeMailServer, body
from tests.channels.story import life, message
from tests.contract.fetch_origin import Exchange, Origin
from tests.ports import unused_port
from tracker.alerting.channels.email import Email
from tracker.alerting.mailer import MailServer
from tracker.errors import AddressRefused, BadAnswer, ConnectError, FetchTimeout, TlsError
from tracker.fetch.limits import FetchLimits
from tracker.fetch.mail import SmtpMailer
from tracker.fetch.options import ClientOptions
from tracker.model.channel import EmailConfig, MailSecurity
from tracker.model.clock import utc_now

ENVIRON = {"SMTP_USER": USER, "SMTP_PASSWORD": PASSWORD}


@pytest.fixture
def server(mail_certificate: Path) -> Iterator[FakeMailServer]:
    with FakeMailServer(unused_port(), server_context(mail_certificate)) as running:
        yield running


def channel(port: int, mailer: SmtpMailer, security: MailSecurity = MailSecurity.STARTTLS) -> Email:
    config = EmailConfig(
        name="oncall",
        host="localhost",
        port=port,
        security=security,
        username_env="SMTP_USER",
        password_env="SMTP_PASSWORD",
        sender="status@example.com",
        recipients=("oncall@example.com",),
        allow_private=True,
    )
    return Email(config, ENVIRON, mailer, utc_now)


@pytest.fixture
def mailer(mail_certificate: Path) -> SmtpMailer:
    return SmtpMailer(ClientOptions(user_agent="tests", ca_file=str(mail_certificate / "site.pem")))


def test_mails_of_one_alert_are_one_thread(server: FakeMailServer, mailer: SmtpMailer) -> None:
    oncall, handle = channel(server.port, mailer), None
    for each in life():
        handle = oncall.send(each, handle)

    first, *rest = server.mails
    assert first["References"] is None
    assert {mail["References"] for mail in rest} == {mail["In-Reply-To"] for mail in rest} == {first["Message-ID"]}
    assert {str(mail["Subject"]) for mail in server.mails} == {"Acme: Errors in the API"}
    assert len({mail["Message-ID"] for mail in server.mails}) == 5
    assert [body(mail, "plain").split(" - ")[0] for mail in server.mails] == [
        "Investigating (warning)",
        "Investigating (warning)",
        "Identified (warning)",
        "Identified (critical)",
        "Resolved after 5 min",
    ]
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["List-Id"] == "Status pages of oncall <oncall.status-page-tracker.example.com>"


def test_a_vendor_writes_no_header_and_no_html(server: FakeMailServer, mailer: SmtpMailer) -> None:
    nasty = "x\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script><img src=//evil.example>"
    channel(server.port, mailer).send(message(title=nasty, text=nasty, provider_name=nasty, components=(nasty,)), None)

    [mail] = server.mails
    assert mail["Bcc"] is None
    assert server.envelopes == [("status@example.com", ["oncall@example.com"])]
    assert "<script" not in body(mail, "html")
    assert "<img" not in body(mail, "html")
    assert body(mail, "html").count("<a ") == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_tls_from_the_first_byte(mail_certificate: Path, mailer: SmtpMailer) -> None:
    with FakeMailServer(unused_port(), server_context(mail_certificate), is_implicit=True) as server:
        channel(server.port, mailer, MailSecurity.TLS).send(message(), None)

    assert len(server.mails) == 1


def test_a_certificate_that_nobody_vouches_for_gets_no_password(server: FakeMailServer) -> None:
    with pytest.raises(TlsError, match="the certificate of localhost is not valid"):
        channel(server.port, SmtpMailer(ClientOptions(user_agent="tests"))).send(message(), None)

    assert server.mails == []


def test_an_offer_of_tls_that_was_removed_on_the_way_ends_the_attempt(mailer: SmtpMailer) -> None:
    heard: list[bytes] = []

    def script(exchange: Exchange) -> None:
        exchange.send(b"220 mail.example\r\n")
        with exchange.sock.makefile("rb") as lines:
            heard.append(lines.readline())
            exchange.send(b"250-mail.example\r\n250 AUTH PLAIN\r\n")
            heard.append(lines.readline())
        exchange.hang_up()

    with Origin(script, is_mute=True) as origin, pytest.raises(TlsError, match="does not offer STARTTLS"):
        channel(origin.port, mailer).send(message(), None)

    assert heard[0].startswith(b"ehlo")
    assert b"AUTH" not in heard[1]


def test_a_server_that_hangs_up_or_speaks_otherwise_is_an_error_of_ours(mailer: SmtpMailer, free_port: int) -> None:
    with Origin(lambda exchange: exchange.hang_up(), is_mute=True) as origin, pytest.raises(ConnectError):
        channel(origin.port, mailer).send(message(), None)
    with (
        Origin(lambda exchange: exchange.send(b"554 go away\r\n"), is_mute=True) as origin,
        pytest.raises(BadAnswer, match="does not want to begin: 554 go away"),
    ):
        channel(origin.port, mailer).send(message(), None)
    with pytest.raises(ConnectError, match="no connection to localhost"):
        channel(free_port, mailer).send(message(), None)


def test_an_inner_address_is_refused_unless_it_is_allowed(mailer: SmtpMailer) -> None:
    server = MailServer(host="localhost", port=25, security=MailSecurity.NONE)

    with pytest.raises(AddressRefused):
        mailer.deliver(server, "status@example.com", ("oncall@example.com",), b"")


def test_a_server_that_drips_its_replies_is_given_up(mail_certificate: Path) -> None:
    limits = FetchLimits(connect_s=1.0, read_s=1.0, total_s=0.3, max_body_bytes=1024)
    mailer = SmtpMailer(ClientOptions(user_agent="tests", ca_file=str(mail_certificate / "site.pem")), limits=limits)

    with (
        Origin(lambda exchange: exchange.drip(b"220-mail\r\n" * 1000, every_s=0.02), is_mute=True) as origin,
        pytest.raises(FetchTimeout, match=r"within 0\.3 s"),
    ):
        channel(origin.port, mailer).send(message(), None)
