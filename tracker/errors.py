"""The errors of the product, and the consequence of each.

* TrackerError
  + ConfigError            providers.toml or the environment is wrong; fatal at start, exit status 2
    - ServerUnfit          the data server that the environment names cannot be used as it is
    - OwnedElsewhere       another tracker has a lease that only one may have
    - ServerAway           the data server cannot be used now; long-running processes keep trying
      · NoServer             nothing listens at its address
  + PollError              one page, one poll; carries reason and retry_after_s; ends in a failed poll
    - FetchError           no usable answer came
      · NameNotResolved · ConnectError · ProxyFailed · TlsError · FetchTimeout
      · HttpStatusError · Blocked · SignInNeeded · CredentialsMissing
      · TooLarge · TooManyRedirects · AddressRefused · BadUrl · BadAnswer
      · ChannelFailed      an alert's channel did only a part of its work; carries a handle
    - ParseError           an answer came, and it is not a status page that we can read
      · MovedAway
  + StoreError             the data server fails; the task may be retried
  + Conflict               another worker committed first; nothing to do
  + SinkError              an output refused
  + HistoryError           the database of the history cannot be used; the record is not affected
  + SearchTooWide          a search of the history has too many matches to read them all; narrow it
  + DrillFailed            a drill did not come through; names the part that broke
  + ChannelRefused         an alert's channel refused a message for good; carries a handle

Errors can be pickled, and each is one sentence that is clear without a traceback.
"""

from typing import ClassVar


class TrackerError(Exception):
    """Raised for every failure that the product expects."""


class ConfigError(TrackerError):
    """Raised when the catalogue or the environment is wrong; names file, key and remedy."""


class ServerUnfit(ConfigError):
    """Raised when the data server lacks a version, right or password: waiting does not help."""


class OwnedElsewhere(ConfigError):
    """Raised when another tracker has a lease that only one may have; says who, where and since when."""


class ServerAway(ConfigError):
    """Raised when no data server answers, or one that is loading, full or silent."""


class NoServer(ServerAway):
    """Raised when nothing listens at the data server's address."""


class PollError(TrackerError):
    """Raised when one poll of one page failed; never leaves the poller.

    `retry_after_s` is how long the server asked us to wait, in seconds, if it did.
    """

    #: The reason, as one stable word for logs, states and counters.
    reason: ClassVar[str] = "failed"

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message, retry_after_s)
        self.message = message
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return self.message


class FetchError(PollError):
    """Raised when no usable answer came from the page."""

    reason = "fetch"


class NameNotResolved(FetchError):
    """Raised when the host has no address (DNS)."""

    reason = "dns"


class ConnectError(FetchError):
    """Raised when no connection could be made or it broke."""

    reason = "connect"


class ProxyFailed(FetchError):
    """Raised when the proxy cannot be reached or refuses; this says nothing about the page behind it."""

    reason = "proxy"


class TlsError(FetchError):
    """Raised when the TLS handshake or the certificate failed."""

    reason = "tls"


class FetchTimeout(FetchError):
    """Raised when connect, read or the total deadline ran out."""

    reason = "timeout"


class HttpStatusError(FetchError):
    """Raised when the answer's status is neither 200 nor 304; `url` is the address that answered, after redirects."""

    reason = "http_status"

    def __init__(
        self, message: str, retry_after_s: float | None = None, status: int = 0, url: str | None = None
    ) -> None:
        super().__init__(message, retry_after_s)
        self.args = (message, retry_after_s, status, url)
        self.status = status
        self.url = url


class Blocked(HttpStatusError):
    """Raised when the page answers automatic clients with a challenge for browsers."""

    reason = "blocked"


class SignInNeeded(HttpStatusError):
    """Raised when the page leads to a sign-in page; `status` is that of the redirect, or of the page."""

    reason = "sign_in"


class TooLarge(FetchError):
    """Raised when the decoded body exceeds its cap."""

    reason = "too_large"


class TooManyRedirects(FetchError):
    """Raised after the last redirect that is allowed."""

    reason = "redirects"


class AddressRefused(FetchError):
    """Raised when a host resolves to an address that is not public and the provider does not allow that."""

    reason = "address_refused"


class BadUrl(FetchError):
    """Raised when a URL (ours, or a redirect's) is not plain http or https."""

    reason = "bad_url"


class BadAnswer(FetchError):
    """Raised when the answer breaks HTTP: endless headers, broken encoding, cut body."""

    reason = "bad_answer"


class CredentialsMissing(FetchError):
    """Raised when the environment lacks a variable that the provider's `headers_env` names; no request was made."""

    reason = "credentials"


class ChannelFailed(FetchError):
    """Raised when a channel did not take a message, or only a part of it; a retry may help.

    `handle` is the one to keep for the retry: it says which part was done. None means: keep the handle of the call.
    `may_have_arrived` is False if the service has certainly done nothing.
    """

    reason = "channel"

    def __init__(
        self,
        message: str,
        retry_after_s: float | None = None,
        handle: str | None = None,
        may_have_arrived: bool = True,
    ) -> None:
        super().__init__(message, retry_after_s)
        self.args = (message, retry_after_s, handle, may_have_arrived)
        self.handle = handle
        self.may_have_arrived = may_have_arrived


class ParseError(PollError):
    """Raised when an answer is not a status page in the expected format."""

    reason = "not_a_status_page"


class MovedAway(ParseError):
    """Raised when a page sends us to another host, whose answer is not in the page's format."""

    reason = "moved"


class StoreError(TrackerError):
    """Raised when the data server cannot be reached or refuses."""


class Conflict(TrackerError):
    """Raised when another worker was first: it committed or removed the page since our poll began, or has the sink."""


class SinkError(TrackerError):
    """Raised when an output does not accept an event."""


class HistoryError(TrackerError):
    """Raised when the history's database cannot be opened, read or written."""


class SearchTooWide(TrackerError):
    """Raised when too many words begin with a prefix to look all of them up."""


class ChannelRefused(TrackerError):
    """Raised when a channel refuses a message and no retry can help; `handle` is as in ChannelFailed.

    `is_partial` says that some of its recipients have the message.
    """

    def __init__(self, message: str, handle: str | None = None, *, is_partial: bool = False) -> None:
        super().__init__(message, handle)
        self.message = message
        self.handle = handle
        self.is_partial = is_partial

    def __str__(self) -> str:
        return self.message


class DrillFailed(TrackerError):
    """Raised when a drill did not come through; names the part that broke."""
