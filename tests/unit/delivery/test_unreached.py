"""Sinks that nothing can reach: a pattern without a page, a kind of events that no page tells."""

import pytest

from tests.fakes import provider
from tests.outbox import webhook
from tracker.delivery.unreached import unreached

PAGES = [provider(id=name) for name in ("orchard", "openai", "aws-s3")]


@pytest.mark.parametrize("patterns", [(), ("orchard",), ("orch*",), ("ORCHARD",), ("*",), ("aws-*", "openai")])
def test_nothing_is_said_of_what_matches(patterns: tuple[str, ...]) -> None:
    assert unreached(webhook(providers=patterns), PAGES) == ()


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("orchrad", "providers: no page has an id that matches 'orchrad'; did you mean orchard?"),
        ("gcp-*", "providers: no page has an id that matches 'gcp-*'; there is orchard, openai, aws-s3"),
        ("\x1b[31m", "providers: no page has an id that matches '[31m'; there is orchard, openai, aws-s3"),
    ],
)
def test_a_pattern_without_a_page_is_named(pattern: str, sentence: str) -> None:
    assert unreached(webhook(providers=("openai", pattern)), PAGES) == (sentence,)


def test_without_pages_every_pattern_is() -> None:
    (sentence,) = unreached(webhook(providers=("*",)), [])

    assert sentence.endswith("there is none")


@pytest.mark.parametrize(
    ("filters", "events", "said_of"),
    [
        ({}, ("maintenance_update", "new_incident", "page_moved"), []),
        ({"maintenance": False}, ("maintenance_update", "new_incident"), ["maintenance_update"]),
        ({"events": ("!new_incident",)}, ("new_incident",), ["new_incident"]),
        ({"events": ("incident_update",)}, ("new_incident", "page_unreadable"), ["new_incident"]),
    ],
)
def test_a_kind_that_every_page_leaves_out_is_named(
    filters: dict[str, object], events: tuple[str, ...], said_of: list[str]
) -> None:
    pages = [provider(id="acme", **filters), provider(id="else")]
    sentences = unreached(webhook(providers=("acme",), events=events), pages)

    assert list(sentences) == [
        f"events: {kind} is left out by the filters of every page that it takes" for kind in said_of
    ]
    assert unreached(webhook(events=events), pages) == ()
