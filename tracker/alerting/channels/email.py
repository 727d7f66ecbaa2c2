"""Mail: one thread for each alert (RFC 5322), in text and plain HTML, marked as automatic (RFC 3834)."""

import hashlib
import html
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

import msgspec

from tracker.alerting.channel import Message, Operation, Severity
from tracker.alerting.channels import wording
from tracker.alerting.channels.api import handle_of, remembered, secret
from tracker.alerting.mailer import Mailer, MailServer
from tracker.errors import ChannelRefused
from tracker.model.channel import EmailConfig, MailSecurity
from tracker.model.clock import Clock
from tracker.model.marks import safe_link
from tracker.model.plain import one_line

_PORTS: Final = {MailSecurity.STARTTLS: 587, MailSecurity.TLS: 465, MailSecurity.NONE: 25}
_SUBJECT: Final = 180
_MOST_UPDATES: Final = 50


class _Thread(msgspec.Struct, frozen=True):
    """The marks by which later mails join the first one; Gmail wants the same subject as well."""

    subject: str
    root: str


class Email:
    """A mail for each change, all of one alert in one thread."""

    sends_every_update = False
    resend_every = None

    def __init__(self, config: EmailConfig, environ: Mapping[str, str], mailer: Mailer, clock: Clock) -> None:
        self._config = config
        self._environ = environ
        self._mailer = mailer
        self._clock = clock

    def send(self, message: Message, handle: str | None, *, in_doubt: bool = False) -> str | None:
        """Mail the alert. A repetition has the same Message-ID, by which most mailboxes recognise it."""
        del in_doubt
        thread = remembered(handle, _Thread)
        mail = self._mail(message, thread)
        after = handle_of(thread or _Thread(str(mail["Subject"]), str(mail["Message-ID"])))
        try:
            self._mailer.deliver(self._server(), self._config.sender, self._config.recipients, mail.as_bytes())
        except ChannelRefused as refusal:
            sentence, is_partial = f"{self._config.place}: {refusal.message}", refusal.is_partial
            raise ChannelRefused(sentence, after if is_partial else handle, is_partial=is_partial) from refusal
        return after

    def _server(self) -> MailServer:
        config = self._config
        return MailServer(
            host=config.host,
            port=config.port or _PORTS[config.security],
            security=config.security,
            username=self._secret("username_env", config.username_env),
            password=self._secret("password_env", config.password_env),
            allow_private=config.allow_private,
        )

    def _secret(self, key: str, variable: str | None) -> str:
        return "" if variable is None else secret(self._config, key, variable, self._environ)

    def _mail(self, message: Message, thread: _Thread | None) -> EmailMessage:
        domain = self._config.sender.rpartition("@")[2]
        name = hashlib.sha256(f"{self._config.name} {message.key}".encode()).hexdigest()[:32]
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self._config.sender
        mail["To"] = ", ".join(self._config.recipients)
        mail["Subject"] = thread.subject if thread else one_line(wording.headline(message), _SUBJECT)
        mail["Date"] = format_datetime(self._clock())
        mail["Message-ID"] = f"<{name}.{message.version}@{domain}>"
        if thread:
            mail["In-Reply-To"] = mail["References"] = thread.root
        mail["List-Id"] = f"Status pages of {self._config.name} <{self._config.name}.status-page-tracker.{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
        if message.act is not Operation.CLOSE and message.severity.rank >= Severity.ERROR.rank:
            mail["Importance"] = "high"
        mail.set_content("\n".join(_lines(message)) + "\n")
        mail.add_alternative(_html(message), subtype="html")
        return mail


def _lines(message: Message) -> Iterator[str]:
    """Yield the lines of the text: the state first, since the subject stays."""
    yield f"{wording.state(message)} - {wording.headline(message)}"
    yield ""
    for name, text in wording.facts(message):
        yield f"{name}: {text}"
    if children := wording.children(message):
        yield from ("", children)
    if message.updates:
        yield from ("", "Updates, newest first:")
        for entry in reversed(message.updates[-_MOST_UPDATES:]):
            yield from ("", wording.entry_line(entry))
    elif message.text:
        yield from ("", wording.newest_text(message))
    if link := safe_link(message.link):
        yield from ("", f"Status page: {link}")


def _html(message: Message) -> str:
    """Return the same as HTML: no image, no script, no style from elsewhere, and the one link shows where it leads."""
    rows = "".join(
        f"<tr><th align=left>{_safe(name)}</th><td>{_safe(text)}</td></tr>" for name, text in wording.facts(message)
    )
    entries = "".join(
        f"<li>{_safe(wording.entry_line(entry))}</li>" for entry in reversed(message.updates[-_MOST_UPDATES:])
    )
    children = f"<p>{_safe(wording.children(message))}</p>" if message.children else ""
    text = "" if message.updates else f"<p>{_safe(wording.newest_text(message))}</p>"
    link = safe_link(message.link)
    end = f'<p>Status page: <a href="{html.escape(link)}">{html.escape(link)}</a></p>' if link else ""
    return (
        "<!doctype html><html><body>"
        f"<h1 style='font-size:1.2em'>{_safe(wording.state(message))}</h1><p>{_safe(wording.headline(message))}</p>"
        f"<table>{rows}</table>{children}{text}{f'<ul>{entries}</ul>' if entries else ''}{end}"
        "</body></html>\n"
    )


def _safe(text: str) -> str:
    return html.escape(text).replace("\n", "<br>")
