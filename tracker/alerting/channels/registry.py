"""The class of each channel type."""

from collections.abc import Mapping
from typing import assert_never

from tracker.alerting.caller import Caller
from tracker.alerting.channel import Channel
from tracker.alerting.channels.alertmanager import Alertmanager
from tracker.alerting.channels.apprise import Apprise
from tracker.alerting.channels.discord import Discord
from tracker.alerting.channels.email import Email
from tracker.alerting.channels.incidentio import IncidentIo
from tracker.alerting.channels.jsm import Jsm
from tracker.alerting.channels.pagerduty import PagerDuty
from tracker.alerting.channels.slack import Slack
from tracker.alerting.channels.slack_webhook import SlackWebhook
from tracker.alerting.channels.teams import Teams
from tracker.alerting.channels.webhook import WebhookChannel
from tracker.alerting.mailer import Mailer
from tracker.model import channel as configs
from tracker.model.clock import Clock


def channel_of(  # noqa: C901, PLR0911  # a line for each type
    config: configs.AnyChannelConfig, *, environ: Mapping[str, str], caller: Caller, mailer: Mailer, clock: Clock
) -> Channel:
    """Return the channel that a table of the catalogue describes.

    Secrets and the extra of a type are looked up for each message: what is missing keeps its alerts waiting.
    """
    match config:
        case configs.PagerDutyConfig():
            return PagerDuty(config, environ, caller)
        case configs.SlackConfig():
            return Slack(config, environ, caller)
        case configs.SlackWebhookConfig():
            return SlackWebhook(config, environ, caller)
        case configs.DiscordConfig():
            return Discord(config, environ, caller)
        case configs.TeamsConfig():
            return Teams(config, environ, caller)
        case configs.EmailConfig():
            return Email(config, environ, mailer, clock)
        case configs.AlertmanagerConfig():
            return Alertmanager(config, environ, caller, clock)
        case configs.JsmConfig():
            return Jsm(config, environ, caller)
        case configs.IncidentIoConfig():
            return IncidentIo(config, environ, caller)
        case configs.WebhookChannelConfig():
            return WebhookChannel(config, environ, caller, clock)
        case configs.AppriseConfig():
            return Apprise(config, environ)
        case _:
            assert_never(config)
