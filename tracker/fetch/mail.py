"""Mail handed to an SMTP server (RFC 5321, 3207, 8314), under the fetcher's address policy and time limits."""

import smtplib
import socket
import ssl
from typing import Final

from tracker.alerting.mailer import MailServer
from tracker.errors import BadAnswer, ChannelRefused, ConnectError, FetchError, FetchTimeout, TlsError
from tracker.fetch.budget import CURRENT, BoundedReader, Budget, MeteredSocket
from tracker.fetch.echoes import without
from tracker.fetch.failures import not_trusted, plain, translated
from tracker.fetch.limits import FetchLimits
from tracker.fetch.options import ClientOptions
from tracker.model.channel import MailSecurity

#: Mail servers take their time: some look the client up, or hold their greeting back against spam.
MAIL_LIMITS: Final = FetchLimits(connect_s=10.0, read_s=20.0, total_s=60.0, max_body_bytes=64 * 1024)
_READY: Final = 220
#: Replies of five hundred and above are final (RFC 5321, section 4.2.1).
_FINAL: Final = 500


class SmtpMailer:
    """A `Mailer` that opens a connection for each mail. Proxies for the web do not apply."""

    def __init__(
        self,
        options: ClientOptions,
        *,
        limits: FetchLimits = MAIL_LIMITS,
    ) -> None:
        self._limits = limits
        self._tls = options.receiver_tls()
        self._monotonic = options.monotonic
        self._dialers = {allow: options.dialer(allow_private=allow) for allow in (False, True)}

    def deliver(self, server: MailServer, sender: str, recipients: tuple[str, ...], mail: bytes) -> None:
        """Hand over one mail for all recipients. Raises FetchError, and ChannelRefused when the server wants none."""
        budget = CURRENT.set(Budget(self._limits, self._monotonic))
        try:
            self._deliver(server, sender, recipients, mail)
        except FetchError:
            raise
        except smtplib.SMTPException as error:
            raise _as_ours(error, server) from error
        except ssl.SSLCertVerificationError as error:
            raise not_trusted(server.host, error.verify_message) from error
        except (OSError, ValueError) as error:
            raise translated(error, server.host) from error
        finally:
            CURRENT.reset(budget)

    def _deliver(self, server: MailServer, sender: str, recipients: tuple[str, ...], mail: bytes) -> None:
        sock = self._connect(server)
        # Given, because smtplib would look up the name of this machine without a time limit.
        session = smtplib.SMTP(local_hostname=_literal(sock), timeout=self._limits.read_s)
        session.sock, session.file = sock, _reader(sock)
        try:
            _expect(session.getreply(), server)
            session.ehlo_or_helo_if_needed()
            if server.security is MailSecurity.STARTTLS:
                self._upgrade(session, server)
            if server.username:
                session.login(server.username, server.password)
            refused = session.sendmail(sender, recipients, mail)
            if refused:
                # The others have the mail: a retry would send it to them twice.
                sentence = f"{server.host} took the mail, but not for {_listed(refused, server)}"
                raise ChannelRefused(sentence, is_partial=True)
        finally:
            session.close()

    def _connect(self, server: MailServer) -> socket.socket:
        sock = self._dialers[server.allow_private].dial(server.host, server.port, self._limits.connect_s)
        sock.settimeout(CURRENT.get().cut(self._limits.read_s))
        if server.security is not MailSecurity.TLS:
            return sock
        try:
            return self._tls.wrap_socket(sock, server_hostname=server.host)
        except BaseException:
            sock.close()
            raise

    def _upgrade(self, session: smtplib.SMTP, server: MailServer) -> None:
        """Begin TLS, or give up: an attacker who removes the offer must not read the mail."""
        if not session.has_extn("starttls"):
            raise TlsError(f"{server.host} does not offer STARTTLS")
        _expect(session.docmd("STARTTLS"), server)
        # Everything before TLS is unprotected, and forgotten (RFC 3207, section 4.2). `SMTP.starttls` takes the name
        # for the certificate from its own connect, which this class replaces.
        sock = self._tls.wrap_socket(session.sock, server_hostname=server.host)  # type: ignore[arg-type]
        session.sock, session.file = sock, _reader(sock)
        session.helo_resp = session.ehlo_resp = None
        session.esmtp_features = {}
        session.does_esmtp = False
        session.ehlo()


def _reader(sock: socket.socket) -> BoundedReader:
    """Return the reader of replies, within the budget: a server that drips them holds no thread for long."""
    return BoundedReader(MeteredSocket(sock.makefile("rb", buffering=0), sock, CURRENT.get()))


def _literal(sock: socket.socket) -> str:
    """Return this machine's address in the form for clients without a name (RFC 5321, section 4.1.3)."""
    address = sock.getsockname()[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _expect(reply: tuple[int, bytes], server: MailServer) -> None:
    code, words = reply
    if code != _READY:
        raise BadAnswer(f"{server.host} does not want to begin: {code} {_words(words, server)}")


def _as_ours(error: smtplib.SMTPException, server: MailServer) -> FetchError | ChannelRefused:
    """Return the tracker's error for an SMTP server's failure."""
    host = server.host
    if isinstance(error, smtplib.SMTPServerDisconnected):
        timed_out = isinstance(error.__context__, TimeoutError)
        return FetchTimeout(f"{host} did not answer in time") if timed_out else ConnectError(f"{host} hung up")
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = {code for code, _ in error.recipients.values()}
        sentence = f"{host} refuses every recipient: {_listed(error.recipients, server)}"
        return ChannelRefused(sentence) if min(codes) >= _FINAL else BadAnswer(sentence)
    if isinstance(error, smtplib.SMTPResponseException):
        sentence = f"{host} answered {error.smtp_code} {_words(error.smtp_error, server)}"
        is_final = error.smtp_code >= _FINAL and not isinstance(error, smtplib.SMTPAuthenticationError)
        return ChannelRefused(sentence) if is_final else BadAnswer(sentence)
    return BadAnswer(f"{host} cannot take the mail: {plain(str(error))}")


def _listed(refused: dict[str, tuple[int, bytes]], server: MailServer) -> str:
    return "; ".join(f"{recipient} ({code} {_words(words, server)})" for recipient, (code, words) in refused.items())


def _words(words: bytes | str, server: MailServer) -> str:
    """Return the server's words, without the password that it may repeat."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return plain(without([server.password] if server.password else [], text))
