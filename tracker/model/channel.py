"""The `[[channel]]`s of the catalogue: where alerts go. They hold names of secrets, never secrets."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from tracker.model.key import CatalogueKey, Holds

#: Header fields that a signed webhook sets itself.
_RESERVED: Final = (
    *("content-type", "user-agent", "idempotency-key"),
    *("webhook-id", "webhook-timestamp", "webhook-signature"),
)
_URL: Final = CatalogueKey(
    help="The address to which messages are posted.",
    holds=Holds.SECRET_ADDRESS,
    example='"https://hooks.example.com/updates"',
)
_URL_ENV: Final = CatalogueKey(
    help="The variable that holds that address, in place of `url`.", holds=Holds.VARIABLE, example='"ONCALL_URL"'
)
_HEADERS: Final = CatalogueKey(
    help="Headers of its requests, each with the variable that holds its value.",
    holds=Holds.HEADERS,
    example='{ Authorization = "ONCALL_AUTH" }',
    reserved=_RESERVED,
)
_API_URL: Final = CatalogueKey(help="The service's address.", holds=Holds.ADDRESS)


def _secret(help: str, example: str, *, is_required: bool = True) -> CatalogueKey:
    return CatalogueKey(help=help, holds=Holds.VARIABLE, example=f'"{example}"', is_required=is_required)


class ChannelConfig(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """The common part of all channels."""

    name: Annotated[
        str,
        CatalogueKey(
            help="The name by which routes refer to it.", holds=Holds.IDENTIFIER, example='"oncall"', is_required=True
        ),
    ]
    allow_private: Annotated[bool, CatalogueKey(help="Allow an address that is not public.")] = False

    @property
    def place(self) -> str:
        """Return the channel's name in messages."""
        return f'channel "{self.name}"'


class PagerDutyConfig(ChannelConfig, frozen=True, kw_only=True, tag="pagerduty"):
    """A PagerDuty service with an Events API v2 integration."""

    routing_key_env: Annotated[str, _secret("The variable that holds the integration key.", "PAGERDUTY_ROUTING_KEY")]
    api_url: Annotated[str, _API_URL] = "https://events.pagerduty.com"


class SlackConfig(ChannelConfig, frozen=True, kw_only=True, tag="slack"):
    """A Slack conversation, through an app's bot token."""

    token_env: Annotated[str, _secret("The variable that holds the app's bot token.", "SLACK_TOKEN")]
    channel: Annotated[
        str,
        CatalogueKey(
            help="The conversation: its id, or `#name`.",
            holds=Holds.CONVERSATION,
            example='"C0123456789"',
            is_required=True,
        ),
    ]
    api_url: Annotated[str, _API_URL] = "https://slack.com/api/"


class SlackWebhookConfig(ChannelConfig, frozen=True, kw_only=True, tag="slack-webhook"):
    """An incoming webhook of Slack, or of a chat that takes the same (Mattermost, Rocket.Chat)."""

    url: Annotated[str | None, _URL] = None
    url_env: Annotated[str | None, _URL_ENV] = None


class DiscordConfig(ChannelConfig, frozen=True, kw_only=True, tag="discord"):
    """A webhook of a Discord channel."""

    url: Annotated[str | None, _URL] = None
    url_env: Annotated[str | None, _URL_ENV] = None


class TeamsConfig(ChannelConfig, frozen=True, kw_only=True, tag="teams"):
    """A Teams workflow that posts what its webhook gets."""

    url: Annotated[str | None, _URL] = None
    url_env: Annotated[str | None, _URL_ENV] = None


class MailSecurity(StrEnum):
    """The protection of the connection to a mail server."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class EmailConfig(ChannelConfig, frozen=True, kw_only=True, tag="email"):
    """Recipients of mail, and the SMTP server that takes it."""

    host: Annotated[
        str, CatalogueKey(help="The mail server.", holds=Holds.HOST, example='"smtp.example.com"', is_required=True)
    ]
    port: Annotated[
        int | None, CatalogueKey(help="Its port; without it the usual one of `security`.", most=65_535, example="587")
    ] = None
    security: Annotated[MailSecurity, CatalogueKey(help="The protection of the connection.", example='"tls"')] = (
        MailSecurity.STARTTLS
    )
    username_env: Annotated[
        str | None, _secret("The variable that holds the user name.", "SMTP_USERNAME", is_required=False)
    ] = None
    password_env: Annotated[
        str | None, _secret("The variable that holds the password.", "SMTP_PASSWORD", is_required=False)
    ] = None
    sender: Annotated[
        str,
        CatalogueKey(
            name="from",
            help="The sender's address.",
            holds=Holds.MAILBOX,
            example='"status@example.com"',
            is_required=True,
        ),
    ]
    recipients: Annotated[
        tuple[str, ...],
        CatalogueKey(
            name="to",
            help="The recipients' addresses.",
            holds=Holds.MAILBOX,
            example='["oncall@example.com"]',
            is_required=True,
        ),
    ]


class AlertmanagerConfig(ChannelConfig, frozen=True, kw_only=True, tag="alertmanager"):
    """A Prometheus Alertmanager, or what speaks its API v2."""

    api_url: Annotated[
        str,
        CatalogueKey(
            help="Alertmanager's address.", holds=Holds.ADDRESS, example='"http://alertmanager:9093"', is_required=True
        ),
    ]
    headers_env: Annotated[tuple[tuple[str, str], ...], _HEADERS] = ()
    labels: Annotated[
        tuple[tuple[str, str], ...],
        CatalogueKey(help="Labels of every alert.", holds=Holds.PROMETHEUS_LABELS, example='{ team = "payments" }'),
    ] = ()


class JsmConfig(ChannelConfig, frozen=True, kw_only=True, tag="jsm"):
    """An API integration of Jira Service Management Operations."""

    api_key_env: Annotated[str, _secret("The variable that holds the integration's API key.", "JSM_API_KEY")]
    api_url: Annotated[str, _API_URL] = "https://api.atlassian.com"


class IncidentIoConfig(ChannelConfig, frozen=True, kw_only=True, tag="incidentio"):
    """An HTTP alert source of incident.io."""

    token_env: Annotated[str, _secret("The variable that holds the alert source's token.", "INCIDENTIO_TOKEN")]
    source: Annotated[
        str,
        CatalogueKey(
            help="The alert source's id, with which its address ends.",
            holds=Holds.FOREIGN_ID,
            example='"01GW2G3V0S59R238FAHPDS1R66"',
            is_required=True,
        ),
    ]
    api_url: Annotated[str, _API_URL] = "https://api.incident.io"


class WebhookChannelConfig(ChannelConfig, frozen=True, kw_only=True, tag="webhook"):
    """A receiver of your own."""

    url: Annotated[str | None, _URL] = None
    url_env: Annotated[str | None, _URL_ENV] = None
    #: None: nothing is signed.
    secret_env: Annotated[
        str | None, _secret("The variable that holds the signing keys.", "ONCALL_SECRET", is_required=False)
    ] = None
    headers_env: Annotated[tuple[tuple[str, str], ...], _HEADERS] = ()


class AppriseConfig(ChannelConfig, frozen=True, kw_only=True, tag="apprise"):
    """One of the services that the apprise library knows."""

    url_env: Annotated[
        str, _secret("The variable that holds the service's address, as apprise writes it.", "APPRISE_URL")
    ]


#: Any channel, as msgspec encodes and decodes it: the key `type` names its struct.
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
