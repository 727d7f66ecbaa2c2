"""The `[[channel]]`s of the catalogue: where alerts go. They hold names of secrets, never secrets."""

from enum import StrEnum

import msgspec


class ChannelConfig(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What every channel has."""

    #: The channel's id, which routes name.
    name: str
    #: Whether addresses that are not public may be connected to.
    allow_private: bool = False

    @property
    def place(self) -> str:
        """Return what messages call the channel."""
        return f'channel "{self.name}"'


class PagerDutyConfig(ChannelConfig, frozen=True, kw_only=True, tag="pagerduty"):
    """A PagerDuty service with an Events API v2 integration."""

    routing_key_env: str
    api_url: str = "https://events.pagerduty.com"


class SlackConfig(ChannelConfig, frozen=True, kw_only=True, tag="slack"):
    """A Slack conversation, through an app's bot token."""

    token_env: str
    #: Id or `#name` of the conversation.
    channel: str
    api_url: str = "https://slack.com/api/"


class SlackWebhookConfig(ChannelConfig, frozen=True, kw_only=True, tag="slack-webhook"):
    """An incoming webhook of Slack, or of a chat that takes the same (Mattermost, Rocket.Chat)."""

    url: str | None = None
    url_env: str | None = None


class DiscordConfig(ChannelConfig, frozen=True, kw_only=True, tag="discord"):
    """A webhook of a Discord channel."""

    url: str | None = None
    url_env: str | None = None


class TeamsConfig(ChannelConfig, frozen=True, kw_only=True, tag="teams"):
    """A Teams workflow that posts what its webhook gets."""

    url: str | None = None
    url_env: str | None = None


class MailSecurity(StrEnum):
    """How the connection to a mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class EmailConfig(ChannelConfig, frozen=True, kw_only=True, tag="email"):
    """Recipients of mail, and the SMTP server that takes it."""

    host: str
    #: None: the usual one of the security.
    port: int | None = None
    security: MailSecurity = MailSecurity.STARTTLS
    username_env: str | None = None
    password_env: str | None = None
    sender: str
    recipients: tuple[str, ...]


class AlertmanagerConfig(ChannelConfig, frozen=True, kw_only=True, tag="alertmanager"):
    """A Prometheus Alertmanager, or what speaks its API v2."""

    api_url: str
    headers_env: tuple[tuple[str, str], ...] = ()
    #: Labels that every alert gets.
    labels: tuple[tuple[str, str], ...] = ()


class JsmConfig(ChannelConfig, frozen=True, kw_only=True, tag="jsm"):
    """An API integration of Jira Service Management Operations."""

    api_key_env: str
    api_url: str = "https://api.atlassian.com"


class IncidentIoConfig(ChannelConfig, frozen=True, kw_only=True, tag="incidentio"):
    """An HTTP alert source of incident.io."""

    token_env: str
    #: The alert source's id.
    source: str
    api_url: str = "https://api.incident.io"


class WebhookChannelConfig(ChannelConfig, frozen=True, kw_only=True, tag="webhook"):
    """A receiver of one's own."""

    url: str | None = None
    url_env: str | None = None
    #: Name of the variable that holds the signing keys; None: nothing is signed.
    secret_env: str | None = None
    headers_env: tuple[tuple[str, str], ...] = ()


class AppriseConfig(ChannelConfig, frozen=True, kw_only=True, tag="apprise"):
    """One of the services that the apprise library knows."""

    url_env: str


#: Any channel, as msgspec encodes and decodes it: the key `type` tells which.
AnyChannelConfig = (
    PagerDutyConfig
    | SlackConfig
    | SlackWebhookConfig
    | DiscordConfig
    | TeamsConfig
    | EmailConfig
    | AlertmanagerConfig
    | JsmConfig
    | IncidentIoConfig
    | WebhookChannelConfig
    | AppriseConfig
)
