"""`[[channel]]` in providers.toml: what is taken, and the one sentence for each mistake."""

import msgspec
import pytest

from tests.goldens import table
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


@pytest.mark.parametrize(("type", "keys", "sentence"), table("channel_mistakes"))
def test_an_error_is_one_sentence(type: str, keys: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(type, **keys)

    assert str(caught.value).startswith(PLACE)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "R 0" not in str(caught.value)
