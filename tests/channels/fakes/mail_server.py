"""A real SMTP server (aiosmtpd) that demands STARTTLS and a login, and keeps mail in threads as mailboxes do."""

import re
import ssl
from collections import deque
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.channels.fakes.service import Fault, Shown
from tracker.alerting.channel import Message

USER, PASSWORD = "tracker", "sm7p-password"


class FakeMailServer:
    """Mailboxes behind one server."""

    def __init__(self, port: int, tls: ssl.SSLContext, *, is_implicit: bool = False) -> None:
        self._faults: deque[Fault] = deque()
        self._denied: list[Any] = []
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        options: dict[str, Any] = (
            {"ssl_context": tls} if is_implicit else {"tls_context": tls, "require_starttls": True}
        )
        self.port = port
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=port,
            authenticator=self._authenticate,
            auth_required=True,
            auth_require_tls=not is_implicit,
            **options,
        )

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def fail_next(self, *faults: Fault) -> None:
        self._faults.extend(faults)

    def settle(self, sent: Message) -> None:
        """Mail is there once it was taken."""

    def _authenticate(self, *given: Any) -> AuthResult:
        _, session, *_, data = given
        if self._faults and self._faults[0] is Fault.WHO:
            self._faults.popleft()
            self._denied.append(session)
        if session in self._denied:
            # Clients try one mechanism after the other.
            return AuthResult(success=False, handled=False)
        return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        fault = self._faults.popleft() if self._faults else None
        if fault is Fault.REFUSED:
            return f"550 5.7.1 Not wanted, {PASSWORD}"
        if fault in (Fault.SLOW_DOWN, Fault.AWAY):
            return "451 4.7.1 Try again later"
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        if fault is Fault.LOST_ANSWER:
            server.transport.abort()
        return "250 OK"

    def strings(self) -> list[str]:
        return [text for mail in self.mails for text in (str(mail["Subject"]), body(mail, "plain"))]

    def shown(self) -> list[Shown]:
        threads: dict[str, Shown] = {}
        seen: set[str] = set()
        for mail in self.mails:
            if mail["Message-ID"] in seen:
                continue
            seen.add(mail["Message-ID"])
            root = mail["References"] or mail["Message-ID"]
            subject = str(mail["Subject"])
            # Gmail parts a thread when the subject changes.
            thread = threads.setdefault(f"{root} {subject}", Shown(root, texts=[]))
            thread.texts.append(body(mail, "plain"))
            is_end = re.match(r"\S.* after \d|Completed - ", thread.texts[-1]) is not None
            thread.closed += is_end
            thread.is_open = not is_end
        return list(threads.values())


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")
