"""The sinks of the catalogue: what they hold, and what is said of each mistake."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.goldens import agrees, table
from tracker.catalogue import SINKS, load_contents, read_catalogue, read_sinks
from tracker.errors import ConfigError
from tracker.model.event import EventKind
from tracker.model.provider import Webhook, WebhookFormat
from tracker.parse import FORMAT_NAMES

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


REFUSED_SINKS = table("catalogue_sinks_refused")
REFUSED_FILES = table("catalogue_sink_files_refused")


def error_of(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(f"{text}\n{PROVIDER}")
    message = str(caught.value)
    assert message.isprintable()
    assert "hunter2" not in message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return message


@pytest.mark.parametrize("case", REFUSED_SINKS)
def test_a_sink_is_refused_with_the_sentence_that_was_reviewed(case: str) -> None:
    agrees("catalogue_sinks_refused", case, error_of(sink(REFUSED_SINKS[case][0])))


@pytest.mark.parametrize("case", REFUSED_FILES)
def test_a_file_is_refused_with_the_sentence_that_was_reviewed(case: str) -> None:
    agrees("catalogue_sink_files_refused", case, error_of(REFUSED_FILES[case][0]))


def test_sinks_are_loaded_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(PROVIDER + MINIMAL, encoding="utf-8")

    contents = load_contents(path, formats=("feed",))

    assert contents.sinks == read(MINIMAL)
    assert len(contents.providers) == 1


def test_a_file_that_can_be_read_only_once_has_all_of_its_contents(tmp_path: Path) -> None:
    """A shell's `<(command)` is such a file, and one that is replaced meanwhile would be half of each."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with ThreadPoolExecutor() as threads:
        threads.submit(path.write_text, PROVIDER + MINIMAL)
        contents = load_contents(path, formats=("feed",))

    assert contents.sinks == read(MINIMAL)
    assert len(contents.providers) == 1


def test_an_error_in_a_file_begins_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"{PROVIDER}[[sink]]", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"mine\.toml: sink 1: name is missing"):
        load_contents(path, formats=("feed",))


def test_the_shipped_catalogue_explains_every_key_and_has_no_sink() -> None:
    text = SHIPPED.read_text(encoding="utf-8")

    assert load_contents(SHIPPED, formats=FORMAT_NAMES).sinks == ()
    assert [key for key in SINKS.keys if key not in text.partition("[[sink]]")[2]] == []
