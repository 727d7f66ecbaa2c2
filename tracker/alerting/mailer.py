"""What the mail channel needs from the network: a mail server. Implemented in `fetch`."""

from typing import Protocol

import msgspec

from tracker.model.channel import MailSecurity


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """Where mail is handed over, and as whom. Never stored, never shown."""

    host: str
    port: int
    security: MailSecurity
    username: str = ""
    password: str = ""
    allow_private: bool = False


class Mailer(Protocol):
    """Hands mail to an SMTP server."""

    def deliver(self, server: MailServer, sender: str, recipients: tuple[str, ...], mail: bytes) -> None:
        """Hand over one mail for all recipients. Raises FetchError, and ChannelRefused when the server wants none."""
        ...
