"""How much one answer may hold, and make us tell."""

import json

import pytest

from tracker.errors import ParseError
from tracker.model.page import Snapshot
from tracker.model.page_state import Source
from tracker.polling.answers import MOST_INCIDENTS, MOST_REPORTED, MOST_UPDATES, read_answer
from tracker.polling.fetcher import Fetched

URL = "https://status.acme.example/api/v2/incidents.json"


def read(*incidents: dict[str, object]) -> Snapshot:
    body = json.dumps({"page": {"id": "p"}, "incidents": incidents}).encode()
    return read_answer(Fetched(body=body, url=URL), Source(format="statuspage", primary=URL))


def numbered(count: int) -> list[dict[str, object]]:
    return [{"id": str(number), "status": "resolved"} for number in range(count)]


def named(count: int, length: int) -> list[dict[str, str]]:
    return [{"name": f"{number:{length}}".replace(" ", "x")} for number in range(count)]


def test_as_many_incidents_and_updates_as_a_page_may_have_are_read() -> None:
    assert len(read(*numbered(MOST_INCIDENTS)).incidents) == MOST_INCIDENTS
    assert len(read({"id": "i", "incident_updates": numbered(MOST_UPDATES)}).incidents[0].updates) == MOST_UPDATES


def test_more_are_refused() -> None:
    with pytest.raises(ParseError, match=r"^it lists 5001 incidents; no status page shows more than 5000$"):
        read(*numbered(MOST_INCIDENTS + 1))
    with pytest.raises(ParseError, match=r"^it lists 20001 updates; no status page shows more than 20000$"):
        read({"id": "i", "incident_updates": numbered(MOST_UPDATES)}, {"id": "j", "incident_updates": numbered(1)})


def test_updates_that_all_name_all_components_are_refused_once_reporting_them_takes_too_much() -> None:
    length, count = 100, 400
    fits = MOST_REPORTED // (length * count + len("i"))
    incident: dict[str, object] = {"id": "i", "components": named(count, length)}

    read({**incident, "incident_updates": numbered(fits)})
    with pytest.raises(ParseError, match=r"^its updates name so many components that reporting all takes over 8 MB$"):
        read({**incident, "incident_updates": numbered(fits + 1)})


def test_components_that_updates_name_themselves_count_as_well() -> None:
    names = named(400, 100)
    updates = [{"id": str(number), "affected_components": names} for number in range(220)]

    with pytest.raises(ParseError, match="name so many components"):
        read({"id": "i", "incident_updates": updates})
