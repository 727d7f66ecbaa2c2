"""The port of the mail channel to the network: a mail server. Implemented in `fetch`."""

from typing import Protocol

import msgspec

from tracker.model.channel import MailSecurity


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """The address of a mail server, with the credentials for it. Never stored, never shown."""

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
