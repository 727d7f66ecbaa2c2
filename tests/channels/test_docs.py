"""Every example of docs/channels.md is taken, and every type has one."""

import re
import tomllib
from pathlib import Path

from tracker.alerting.channels.registry import channel_of
from tracker.catalogue.channel import CHANNEL_TYPES, channel_config_of
from tracker.fetch.mail import SmtpMailer
from tracker.fetch.options import ClientOptions
from tracker.fetch.post import RequestsPoster
from tracker.model.clock import utc_now

PAGE = Path(__file__).parents[2] / "docs" / "channels.md"


def test_every_example_becomes_a_channel(poster: RequestsPoster) -> None:
    text = PAGE.read_text()
    tables = [
        table
        for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
        for table in tomllib.loads(block)["channel"]
    ]

    for table in tables:
        config = channel_config_of(table, "docs/channels.md")
        channel_of(
            config, environ={}, caller=poster, mailer=SmtpMailer(ClientOptions(user_agent="tests")), clock=utc_now
        )
    assert [table["type"] for table in tables] == list(CHANNEL_TYPES)
    assert re.findall(r"^\| \[`(.+?)`\]", text, re.MULTILINE) == list(CHANNEL_TYPES)
