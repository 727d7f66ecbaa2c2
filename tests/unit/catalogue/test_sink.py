"""The sinks of the catalogue: what they hold, and what is said of each mistake."""

from pathlib import Path

import pytest

from tracker.catalogue import SINKS, load_catalogue, load_sinks, read_catalogue, read_sinks
from tracker.errors import ConfigError
from tracker.model.event import EventKind
from tracker.model.provider import Webhook, WebhookFormat

SHIPPED = Path(__file__).parents[3] / "providers.toml"
PROVIDER = '[[provider]]\nname = "A"\nurl = "https://a.example"\n'
MINIMAL = '[[sink]]\nname = "ops"\nurl = "https://hooks.example.com/ops"\n'


def read(text: str) -> tuple[Webhook, ...]:
    return read_sinks(text.encode(), file="providers.toml")


def sink(*lines: str) -> str:
    """Return a sink that is right but for the given lines, which replace those of the same key."""
    keys = {line.split(" = ")[0] for line in lines}
    return "\n".join([*(line for line in MINIMAL.splitlines() if line.split(" = ")[0] not in keys), *lines, ""])


def test_a_sink_with_two_keys_is_reported_of_everything() -> None:
    assert read(PROVIDER + MINIMAL) == (Webhook(name="ops", url="https://hooks.example.com/ops"),)


def test_a_sink_holds_what_its_keys_say() -> None:
    (webhook,) = read("""
        [[sink]]
        name = "on-call_1"
        url_env = "ON_CALL_URL"
        secret_env = "ON_CALL_SECRET"
        providers = ["openai", "aws-*"]
        headers_env = { Authorization = "ON_CALL_AUTH", X-Team = "ON_CALL_TEAM" }
        format = "teams"
        events = ["new_incident", "incident_update"]
        allow_private = true
    """)

    assert webhook == Webhook(
        name="on-call_1",
        url_env="ON_CALL_URL",
        secret_env="ON_CALL_SECRET",
        headers_env=(("Authorization", "ON_CALL_AUTH"), ("X-Team", "ON_CALL_TEAM")),
        format=WebhookFormat.TEAMS,
        providers=("openai", "aws-*"),
        events=("new_incident", "incident_update"),
        allow_private=True,
    )


def test_every_kind_of_event_can_be_chosen() -> None:
    kinds = [kind.value for kind in EventKind]

    assert read(sink(f"events = {kinds}"))[0].events == tuple(kinds)


def test_a_file_without_sinks_has_none() -> None:
    assert read(PROVIDER) == ()


def test_providers_are_read_from_a_file_with_sinks() -> None:
    (provider,) = read_catalogue((PROVIDER + MINIMAL).encode(), file="providers.toml", formats=("feed",))

    assert provider.id == "a"


MISTAKES = {
    "one bracket where two belong": ('[sink]\nname = "ops"', ("sink is a table", "[[sink]]")),
    "a misspelled table": ('[[sinks]]\nname = "ops"', ('unknown table "sinks"', "did you mean [[sink]]?")),
    "an entry that is no table": ('sink = ["ops"]', ('sink 1: is "ops"', "[[sink]]")),
    "an unknown key": (sink("secret = 5"), ('sink 1 "ops"', 'unknown key "secret"', "did you mean secret_env?")),
    "no name": ('[[sink]]\nurl = "https://a.example"', ("sink 1: name is missing", 'add name = "ops"')),
    "a name with a capital": (sink('name = "Ops Team"'), ('name is "Ops Team"', 'write name = "ops-team"')),
    "a name that is a number": (sink("name = 1"), ("name is 1", 'as in name = "ops"')),
    "one name given twice": (MINIMAL + MINIMAL, ('sink 2 "ops"', 'name "ops" is that of sink 1 "ops" too', "ops-2")),
    "no url": ('[[sink]]\nname = "ops"', ('sink 1 "ops": url is missing', "url_env =")),
    "two urls": (sink('url_env = "OPS_URL"'), ("url and url_env are both given", "remove one")),
    "a url without a scheme": (sink('url = "hunter2.example"'), ("url is not an http or https address",)),
    "a url with a password": (sink('url = "https://me:hunter2@a.example"'), ("url is not an http or https address",)),
    "a url that is a number": (sink("url = 5"), ("url is not an http or https address", "https://hooks.example.com")),
    "a url where a variable belongs": (
        '[[sink]]\nname = "ops"\nurl_env = "https://a.example/hunter2"',
        ("url_env is not the name of a variable", 'url_env = "OPS_URL"'),
    ),
    "a key where a variable belongs": (sink('secret_env = "whsec_hunter2=="'), ("secret_env is not the name",)),
    "a variable that is a number": (sink("secret_env = 1"), ("secret_env is not the name", '"OPS_SECRET"')),
    "providers that are text": (sink('providers = "openai"'), ('providers is "openai"', '["openai", "aws-*"]')),
    "a provider that is empty": (sink('providers = [""]'), ("providers has an item that is empty",)),
    "events that are text": (sink('events = "new_incident"'), ('events is "new_incident"', '["new_incident"]')),
    "a misspelled event": (sink('events = ["new_incidents"]'), ("has an item that is", "did you mean new_incident?")),
    "an event that is a number": (sink("events = [1]"), ("has an item that is 1", "known are new_incident")),
    "a header's value where its variable belongs": (
        sink('headers_env = { Authorization = "Bearer hunter2" }'),
        ("headers_env gives Authorization something that is not the name of a variable",),
    ),
    "a header of our own": (
        sink('headers_env = { Webhook-Signature = "OPS_SIGNATURE" }'),
        ("headers_env gives Webhook-Signature, which the tracker sets itself",),
    ),
    "a format that nobody knows": (sink('format = "slak"'), ('format is "slak"', "did you mean slack?")),
    "a format that is a number": (sink("format = 1"), ("format is 1", "known are json, slack, discord, teams")),
    "allow_private in quotes": (sink('allow_private = "yes"'), ('allow_private is "yes"', "true or false")),
}


@pytest.mark.parametrize(("text", "parts"), MISTAKES.values(), ids=MISTAKES.keys())
def test_the_message_names_file_sink_key_and_remedy(text: str, parts: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        read(f"{text}\n{PROVIDER}")

    message = str(caught.value)
    assert message.startswith("providers.toml: ")
    assert [part for part in parts if part not in message] == [], message
    assert message.isprintable()
    assert "hunter2" not in message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_sinks_are_loaded_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(PROVIDER + MINIMAL, encoding="utf-8")

    assert load_sinks(path) == read(MINIMAL)
    assert len(load_catalogue(path, formats=("feed",))) == 1


def test_an_error_in_a_file_begins_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[[sink]]", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"mine\.toml: sink 1: name is missing"):
        load_sinks(path)


def test_the_shipped_catalogue_explains_every_key_and_has_no_sink() -> None:
    text = SHIPPED.read_text(encoding="utf-8")

    assert load_sinks(SHIPPED) == ()
    assert [key for key in SINKS.keys if key not in text.partition("[[sink]]")[2]] == []
