"""Addresses behind words of messages: beside the text, which stays what it is without them."""

import json
from typing import Any

import msgspec
import pytest

from tests.fakes import NOON, provider
from tracker.detection.edits import follow
from tracker.model.component_names import Listing
from tracker.model.event import EventKind, encode_event, update_event
from tracker.parse import read

URL = "https://status.acme.example/api/v2/summary.json"
BODY = (
    '<p>See <a class="x" href="https://acme.example/post?a=1&amp;b=2">our post</a> or <a href=\'/faq\'>the FAQ</a>.</p>'
)
TEXT = "See our post or the FAQ."
LINKS = ("https://acme.example/post?a=1&b=2", "https://status.acme.example/faq")


def statuspage(*bodies: str, kept_in: str = "incidents") -> bytes:
    updates = [
        {"id": f"u{n}", "status": "investigating", "body": body, "created_at": f"2026-11-20T10:0{n}:00Z"}
        for n, body in enumerate(bodies)
    ]
    incident: dict[str, Any] = {"id": "i1", "name": "Slow", "status": "investigating", "impact": "minor"}
    incident |= {"created_at": "2026-11-20T10:00:00Z", "incident_updates": updates, "components": []}
    page = {"id": "p", "name": "Acme", "url": "https://status.acme.example"}
    status = {"indicator": "minor", "description": ""}
    parts = {"page": page, "status": status, "components": [], "incidents": [], "scheduled_maintenances": []}
    return json.dumps(parts | {kept_in: [incident]}).encode()


def atom(content: str) -> bytes:
    escaped = content.replace("&", "&amp;").replace("<", "&lt;")
    return f"""<?xml version="1.0" encoding="UTF-8"?>
        <feed xmlns="http://www.w3.org/2005/Atom"><title>Acme</title><id>tag:acme,1</id>
        <updated>2026-11-20T10:00:00Z</updated><entry><id>tag:acme,2</id><title>Slow</title>
        <updated>2026-11-20T10:00:00Z</updated><link href="https://status.acme.example/incidents/i1"/>
        <content type="html">{escaped}</content></entry></feed>""".encode()


@pytest.mark.parametrize(
    "body",
    [statuspage(BODY), statuspage(BODY, kept_in="scheduled_maintenances"), atom(BODY)],
    ids=["statuspage", "maintenance", "feed"],
)
def test_an_update_has_the_links_of_its_message_and_the_text_that_it_had_without(body: bytes) -> None:
    (incident,) = read(body, url=URL).entries
    (update,) = incident.updates

    assert (update.body, update.links) == (TEXT, LINKS)
    reported = update_event(EventKind.NEW_INCIDENT, "acme/i1/u0", provider(), incident, update, NOON, listing=Listing())
    assert json.loads(encode_event(reported))["links"] == list(LINKS)


def test_an_update_without_links_is_reported_as_before() -> None:
    (incident,) = read(statuspage("Nothing."), url=URL).incidents
    reported = update_event(
        EventKind.NEW_INCIDENT, "acme/i1/u0", provider(), incident, incident.updates[0], NOON, listing=Listing()
    )

    assert b"links" not in encode_event(reported)


def test_links_that_were_not_kept_before_are_no_edit() -> None:
    snapshot = read(statuspage(BODY), url=URL)
    (incident,) = snapshot.incidents
    bare = msgspec.structs.replace(incident.updates[0], links=())
    before = msgspec.structs.replace(snapshot, incidents=(msgspec.structs.replace(incident, updates=(bare,)),))
    _, ledger = follow(provider(), {}, before, NOON)

    pending, _ = follow(provider(), ledger, snapshot, NOON)

    assert pending == ()
