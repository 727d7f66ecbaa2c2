"""`[[channel]]` in providers.toml: what is taken, and the one sentence for each mistake."""

import msgspec
import pytest

from tracker.catalogue.channel import CHANNEL_TYPES, channel_config_of
from tracker.errors import ConfigError
from tracker.model.channel import AnyChannelConfig, EmailConfig, MailSecurity, PagerDutyConfig

PLACE = 'providers.toml: channel 1 "oncall"'
WHOLE = {
    "pagerduty": {"routing_key_env": "KEY"},
    "slack": {"token_env": "TOKEN", "channel": "C1"},
    "slack-webhook": {"url_env": "URL"},
    "discord": {"url_env": "URL"},
    "teams": {"url": "https://prod-1.westeurope.logic.azure.com/workflows/x"},
    "email": {"host": "smtp.acme.com", "from": "status@acme.com", "to": ["oncall@acme.com"]},
    "alertmanager": {"api_url": "http://alertmanager:9093"},
    "jsm": {"api_key_env": "KEY"},
    "incidentio": {"token_env": "TOKEN", "source": "01GW2G3V0S59R238FAHPDS1R66"},
    "webhook": {"url": "https://hooks.acme.com/alerts", "secret_env": "SECRET"},
    "apprise": {"url_env": "URL"},
}


def read(type: str, /, **keys: object) -> AnyChannelConfig:
    table = {"name": "oncall", "type": type, **WHOLE.get(type, {}), **keys}
    return channel_config_of({key: value for key, value in table.items() if value is not None}, PLACE)


@pytest.mark.parametrize("type", CHANNEL_TYPES)
def test_every_type_is_read_and_survives_storage(type: str) -> None:
    config = read(type, allow_private=True)

    stored = msgspec.json.encode(config)

    assert msgspec.json.decode(stored, type=AnyChannelConfig) == config
    assert config.allow_private


def test_what_is_not_said_has_a_default() -> None:
    mail, pager = read("email"), read("pagerduty")

    assert isinstance(mail, EmailConfig)
    assert mail.security is MailSecurity.STARTTLS
    assert isinstance(pager, PagerDutyConfig)
    assert pager.api_url == "https://events.pagerduty.com"


@pytest.mark.parametrize(
    ("type", "keys", "sentence"),
    [
        ("pagerduty", {"type": None}, 'type is missing; add type = "slack", or one of '),
        ("pagerduty", {"type": "pagerdutty"}, 'type is "pagerdutty"; did you mean pagerduty?'),
        ("pagerduty", {"name": None}, 'name is missing; add name = "oncall"'),
        (
            "pagerduty",
            {"routing_key_env": None},
            'routing_key_env is missing; add routing_key_env = "PAGERDUTY_ROUTING_KEY"',
        ),
        ("pagerduty", {"routing_key": "x"}, 'unknown key "routing_key"; did you mean routing_key_env?'),
        ("pagerduty", {"routing_key_env": "R 0"}, "routing_key_env is not the name of a variable; write one, as in"),
        ("pagerduty", {"api_url": "events.eu.pagerduty.com"}, "which does not begin with http:// or https://"),
        ("pagerduty", {"allow_private": "yes"}, "allow_private is "),
        ("slack", {"channel": None}, 'channel is missing; add channel = "C0123456789"'),
        ("slack", {"channel": "C1 <!channel>"}, "write its id"),
        ("discord", {"url": "https://discord.com/api/webhooks/1/x"}, "url_env and url are both given"),
        ("discord", {"url_env": None}, "url_env is missing"),
        ("email", {"to": []}, "to is empty; write at least one"),
        ("email", {"to": ["a@b.c\r\nBcc: x@y.z"]}, "has an item that is"),
        ("email", {"from": "Status <status@acme.com>"}, "write one address alone"),
        ("email", {"host": "smtp.acme.com:25"}, "write a name or address alone"),
        ("email", {"port": 99_999}, "port is 99999, not from 1 to 65535; write port = 587"),
        ("email", {"username_env": "SMTP_USER"}, "password_env is missing"),
        ("email", {"security": "ssl"}, 'security is "ssl"; known are starttls, tls, none'),
        (
            "email",
            {"security": "none", "username_env": "U", "password_env": "P"},
            "would show the password to everybody",
        ),
        ("alertmanager", {"api_url": None}, 'api_url is missing; add api_url = "http://alertmanager:9093"'),
        ("alertmanager", {"labels": {"severity": "x"}}, "gives severity, which the tracker sets itself"),
        ("alertmanager", {"labels": {"a-b": "x"}}, "which is not a label"),
        ("incidentio", {"source": "../x"}, "write the id that the service shows"),
        ("webhook", {"headers_env": {"webhook-id": "X"}}, "which the tracker sets itself"),
    ],
)
def test_an_error_is_one_sentence(type: str, keys: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(type, **keys)

    assert str(caught.value).startswith(PLACE)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "R 0" not in str(caught.value)
