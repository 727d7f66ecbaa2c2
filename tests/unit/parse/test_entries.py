"""One odd entry must not hide the rest of an answer, in no format."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.goldens import answers, table
from tracker.model.page import Snapshot
from tracker.parse import FORMAT_NAMES, detect, read
from tracker.parse._fields import decode_json

URL = "https://status.harborcloud.example/api/v2/summary.json"
ODD = (None, 7, "entry", [], {})


def documents() -> Iterator[tuple[str, Any]]:
    """Yield the reviewed JSON answers of every format."""
    for name in FORMAT_NAMES:
        for path in answers(name):
            if path.suffix == ".json":
                yield f"{name}/{path.name}", decode_json(path.read_bytes())


def lists(answer: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield where an answer holds lists of objects."""
    if isinstance(answer, list) and any(isinstance(each, dict) for each in answer):
        yield path
    entries = answer.items() if isinstance(answer, dict) else enumerate(answer) if isinstance(answer, list) else ()
    for key, value in entries:
        yield from lists(value, (*path, key))


def at(answer: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        answer = answer[step]
    return answer


def shown(answer: Any) -> Snapshot:
    return read(json.dumps(answer).encode(), url=URL)


def bare(snapshot: Snapshot) -> Snapshot:
    """Return what was read, whatever was left out."""
    return msgspec.structs.replace(snapshot, omissions=(), components_complete=True)


PLACES = [(file, answer, path) for file, answer in documents() for path in lists(answer)]


@pytest.mark.parametrize(("file", "answer", "path"), PLACES, ids=[f"{file}-{path}" for file, _, path in PLACES])
def test_an_odd_entry_anywhere_hides_nothing_else(file, answer, path):
    whole = shown(answer)

    for odd in ODD:
        for place in (0, len(at(answer, path))):
            damaged = copy.deepcopy(answer)
            at(damaged, path).insert(place, odd)
            body = json.dumps(damaged).encode()

            assert detect(body).name == file.partition("/")[0]
            assert bare(read(body, url=URL)) == bare(whole), (odd, place)


#: Where the entries of a format stand, what they are, and the key that holds their id.
ENTRIES = table("entries_with_ids")


@pytest.mark.parametrize(("file", "path", "kind", "key"), ENTRIES, ids=[f"{file}-{path}" for file, path, *_ in ENTRIES])
def test_an_entry_without_an_id_is_known_by_what_it_shows_or_left_out(file, path, kind, key):
    answer = dict(documents())[file]
    whole = entries(shown(answer))

    for place in range(len(at(answer, path))):
        damaged = copy.deepcopy(answer)
        at(damaged, path)[place].pop(key, None)
        at(damaged, path)[place].pop("permalink" if key == "filename" else key, None)
        snapshot = shown(damaged)
        lost, made = whole.keys() - entries(snapshot).keys(), entries(snapshot).keys() - whole.keys()

        # What others are named by, such as a group, may stand behind more than itself.
        assert len(made) + len(snapshot.omissions) >= min(1, len(lost))
        assert {left_out.kind for left_out in snapshot.omissions} <= {kind, "update", "component"}
        assert entries(shown(damaged)) == entries(snapshot)


def entries(snapshot: Snapshot) -> dict[tuple[str, str], object]:
    incidents = (*snapshot.incidents, *snapshot.maintenances)
    return {
        **{("component", each.id): each.name for each in snapshot.components},
        **{("incident", each.id): each.name for each in incidents},
        **{(each.id, update.id): update.body for each in incidents for update in each.updates},
    }


def incident(**fields: object) -> dict[str, object]:
    return {
        "name": "Search is slow", "status": "monitoring", "created_at": "2026-03-09T07:00:00Z", "incident_updates": []
    } | fields  # fmt: skip


def page(**lists: object) -> Snapshot:
    return shown({"page": {"id": "p", "name": "Harbor"}, **lists})


def test_however_many_entries_are_odd_little_is_said_of_them():
    snapshot = page(incidents=[incident(id="i1"), *([None, 7, {}] * 10_000)])

    assert [each.id for each in snapshot.incidents] == ["i1"]
    assert len(snapshot.omissions) == 2
