"""One odd entry must not hide the rest of an answer, in no format."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from tests.goldens import FOLDER, GOLDEN, answers, check, plain
from tracker.errors import ParseError
from tracker.model.page import Omission, Snapshot, is_made
from tracker.parse import FORMAT_NAMES, FORMATS, detect, read
from tracker.parse._fields import decode_json

URL = "https://status.harborcloud.example/api/v2/summary.json"
ODD = (None, 7, "entry", [], {})
#: Keys without which an entry is nothing.
IDS = ("id", "Id", "_id", "name", "title")
KINDS = {*get_args(get_type_hints(Omission)["kind"])}


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
            left = read(body, url=URL)
            assert bare(left) == bare(whole), (odd, place)
            assert {each.kind for each in left.omissions} <= KINDS


def test_an_answer_inside_of_something_else_is_of_no_format():
    for file, answer in documents():
        for other in ({"data": answer, "ok": True}, [answer]):
            body = json.dumps(other).encode()
            assert [known.name for known in FORMATS.values() if known.recognises(body, None)] == [], file


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


def test_a_field_that_a_vendor_drops_or_renames_changes_the_snapshot_as_reviewed():
    found = {}
    for file, answer in documents():
        keys = dict.fromkeys(keys_of(answer))
        variants = {"/".join(key): dropped(answer, key) for key in keys}
        variants |= {f"{'/'.join(key)} alone": alone(answer, key) for key in keys if key[-1] in IDS}
        bodies = {variant: json.dumps(changed).encode() for variant, changed in variants.items()}
        found[file] = consequences(file, json.dumps(answer).encode(), bodies)
    for page in (page for name in FORMAT_NAMES for page in answers(name) if page.suffix in (".html", ".js")):
        body = page.read_bytes()
        bodies = {
            word.decode(): re.sub(rb"\b%s\b" % word, b"another", body) for word in re.findall(rb"[A-Za-z]\w+", body)
        }
        file = str(page.relative_to(GOLDEN))
        # A word that people read is only shown; whatever else changes depends on it.
        found[file] = {word: ends for word, ends in consequences(file, body, bodies).items() if "another" not in ends}

    check(FOLDER / "words" / "fields_dropped.json", found)


def keys_of(answer: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the paths of all keys in an answer, with `*` for the entries of a list."""
    for key, value in answer.items() if isinstance(answer, dict) else ():
        yield (*path, key)
        yield from keys_of(value, (*path, key))
    for value in answer if isinstance(answer, list) else ():
        yield from keys_of(value, (*path, "*"))


def with_entries(answer: Any, path: tuple[str, ...], change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """Return an answer with a change of every object at a path."""
    if not path:
        return change(answer) if isinstance(answer, dict) else answer
    step, *rest = path
    if isinstance(answer, list):
        return [with_entries(each, tuple(rest), change) for each in answer] if step == "*" else answer
    if not isinstance(answer, dict) or step not in answer:
        return answer
    return answer | {step: with_entries(answer[step], tuple(rest), change)}


def dropped(answer: Any, path: tuple[str, ...]) -> Any:
    """Return an answer without a key, in every entry."""
    return with_entries(answer, path[:-1], lambda entry: {key: entry[key] for key in entry if key != path[-1]})


def alone(answer: Any, path: tuple[str, ...]) -> Any:
    """Return an answer whose entries have lost all keys but one."""
    return with_entries(answer, path[:-1], lambda entry: {key: entry[key] for key in entry if key == path[-1]})


def consequences(file: str, body: bytes, bodies: dict[str, bytes]) -> dict[str, str]:
    """Return what differs between the snapshots of an answer and of its variants, by the names of those that differ."""
    name, whole = file.partition("/")[0], plain(read(body, url=URL))
    found = {}
    for variant, changed in bodies.items():
        try:
            ends = [] if detect(changed).name == name else ["another format"]
        except ParseError:
            ends = ["not recognised"]
        try:
            ends += differences(whole, plain(read(changed, url=URL, format=name)))
        except ParseError:
            ends.append("refused")
        if ends:
            found[variant] = "; ".join(dict.fromkeys(ends))
    return found


def differences(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Yield what differs in two snapshots, without places in lists."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from differences(before.get(key), after.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for was, now in zip(before, after, strict=True):
            yield from differences(was, now, path)
    elif isinstance(before, list) or isinstance(after, list):
        yield f"{path}: {len(before or ())} became {len(after or ())}"
    elif before != after:
        yield f"{path}: {after}"[:80]


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
