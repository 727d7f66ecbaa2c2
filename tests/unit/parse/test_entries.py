"""One odd entry must not hide the rest of an answer, in no format."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.goldens import FOLDER, answers, check
from tracker.errors import ParseError
from tracker.model.page import Snapshot, is_made
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


def test_entries_without_ids_are_known_by_what_they_show_or_left_out_as_reviewed():
    found = {}
    for file, answer in documents():
        ids = {own for _, own in entries(shown(answer))}
        held = [(path, key) for path in lists(answer) for key in keys_of_ids(at(answer, path), ids)]
        for path, key in held:
            case, places = f"{file} {'/'.join(map(str, path))} no {key}", range(len(at(answer, path)))
            for others in ("", " and no link"):
                ends = (known_by(without(answer, [(path, place, key)], others)) for place in places)
                found[case + others] = ", ".join(dict.fromkeys(end for known in ends for end in known))
            if found[case] == found[f"{case} and no link"]:
                del found[f"{case} and no link"]
        every = [(path, place, key) for path, key in reversed(held) for place in range(len(at(answer, path)))]
        found[f"{file} no ids"] = ", ".join(known_by(without(answer, every, " and no link")))

    check(FOLDER / "words" / "entries_without_ids.json", {case: known for case, known in found.items() if known})


def keys_of_ids(listed: list[Any], ids: set[str]) -> list[str]:
    """Return the keys under which the entries of a list hold an id of the snapshot."""
    held = [(key, value) for each in listed if isinstance(each, dict) for key, value in each.items()]
    return sorted({key for key, value in held if isinstance(value, str | int) and str(value) in ids})


def without(answer: Any, ids: list[tuple[tuple[str | int, ...], int, str]], others: str) -> Any:
    """Return an answer some of whose entries lost their ids, and their links too."""
    damaged = copy.deepcopy(answer)
    for path, place, key in ids:
        entry = at(damaged, path)[place]
        if isinstance(entry, dict):
            entry.pop(key, None)
            for link in [known for known, value in entry.items() if others and str(value).startswith("https://")]:
                entry.pop(link)
    return None if damaged == answer else damaged


def known_by(damaged: Any) -> list[str]:
    """Return the ids that are made for entries, and what is left out."""
    if damaged is None:
        return []
    try:
        snapshot = shown(damaged)
    except ParseError as error:
        return [f"refused: {error}"]
    assert entries(shown(damaged)) == entries(snapshot)
    made = sorted({own for _, own in entries(snapshot) if is_made(own)})
    return [*made, *(f"no {left_out.kind} ({left_out.reason})" for left_out in snapshot.omissions)]


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
