"""A list that shows the newest update of each incident, beside answers for one incident that show them all."""

import json

from tests.vendor import SITE, Watch
from tracker.model.provider import FirstSight

LIST, ALONE = f"{SITE}/api/v1/notices", f"{SITE}/api/v1/notices/501"


def update(number: int, state: str, text: str) -> dict[str, object]:
    return {"id": number, "state": state, "content": text, "created_at": f"2026-03-09T08:0{number}:00.000Z"}


def notice(*updates: dict[str, object], alone: bool = False) -> dict[str, object]:
    shown = {"updates": list(updates)} if alone else {"latest_update": updates[-1]}
    about = {"id": 501, "type": "unplanned", "state": updates[-1]["state"], "subject": "Mail is late"}
    return {**about, "began_at": "2026-03-09T08:00:00.000Z", **shown}


def listing(*updates: dict[str, object]) -> str:
    return json.dumps({"notices": [notice(*updates)], "meta": {"count": 1, "total_count": 1, "next_page": None}})


ONE, TWO, THREE = (
    update(1, "investigating", "We look."),
    update(2, "identified", "A cable."),
    update(3, "recovering", "It is mended."),
)


def test_two_updates_between_two_polls_are_both_reported_and_a_quiet_poll_asks_the_list_alone():
    watched = Watch(format="auto", first_sight=FirstSight.SILENT)
    watched.fetcher.answers(LIST, listing(ONE))
    watched.polls()
    watched.fetcher.answers(LIST, listing(ONE, TWO, THREE))
    watched.fetcher.answers(ALONE, json.dumps({"notice": notice(ONE, TWO, THREE, alone=True)}))

    watched.polls()

    assert [event.message for event in watched.pages.events if event.update_id] == ["A cable.", "It is mended."]
    assert watched.asks(minutes=30) == [LIST]
