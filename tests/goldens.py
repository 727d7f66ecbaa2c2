"""Answers of invented vendors with the snapshot, or the refusal, that was reviewed for each.

`golden/parse/<format>/` holds whole answers, each beside its `.expected.json`. `cases/` below it holds files of
`readings`: each is a small answer (`json`, or the `lines` of a text) with the snapshot or refusal that it gives.
`golden/simulator/` holds what every platform shows of one story, `golden/words/` tables of words and of values, a case
a line, `golden/stories/` what successive answers show, and what is reported of each, `golden/sinks/` what sinks write
of events, and `golden/web/` a day in the life of three dozen vendors: their record and their pages.

`python -m tests.goldens` writes what all of them give today: review the difference before you commit it. A new case
needs nothing but its answer.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tracker.errors import ParseError
from tracker.model.page import Snapshot
from tracker.parse import FORMAT_NAMES, read

FOLDER = Path(__file__).parent / "golden"
GOLDEN = FOLDER / "parse"
EXPECTED = ".expected.json"
URL = "https://status.harborcloud.example/api/v2/summary.json"


def cases(folder: str = "*") -> list[Path]:
    """Return the files of readings."""
    return sorted(GOLDEN.glob(f"{folder}/cases/*.json"))


def answers(folder: str = "*") -> list[Path]:
    """Return the whole answers."""
    return sorted(path for path in GOLDEN.glob(f"{folder}/*.*") if not path.name.endswith(EXPECTED))


def read_answers() -> list[Path]:
    """Return the whole answers that a format reads."""
    return [path for name in FORMAT_NAMES for path in answers(name)]


def readings(case: Path) -> Iterator[dict[str, Any]]:
    yield from json.loads(case.read_text())["readings"]


def body_of(reading: dict[str, Any]) -> bytes:
    return json.dumps(reading["json"]).encode() if "json" in reading else "\n".join(reading["lines"]).encode()


def outcome(reading: dict[str, Any]) -> dict[str, Any]:
    """Return what comes of an answer: its `snapshot` without what is as always, or the sentence of the refusal."""
    reported = {key: reading[key] for key in ("url", "format", "content_type") if key in reading}
    try:
        return {"snapshot": plain(read(body_of(reading), **reported))}
    except ParseError as error:
        return {"refused": str(error)}


def plain(value: Any) -> Any:
    """Return a struct as JSON has it, without the fields that are as always."""
    if isinstance(value, msgspec.Struct):
        fields = [(field, getattr(value, field.name)) for field in msgspec.structs.fields(value)]
        return {field.encode_name: plain(said) for field, said in fields if not _is_default(field, said)}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return msgspec.to_builtins(value)


def whole(path: Path) -> dict[str, Any]:
    """Return what comes of a whole answer, as its `.expected.json` has it."""
    try:
        # Under which ids an update was known before is for detection, and tested with it.
        snapshot = msgspec.structs.replace(read(path.read_bytes(), url=URL), former_keys={}, alias_keys={})
    except ParseError as error:
        return {"error": str(error)}
    return plain(snapshot)


def expected(path: Path) -> dict[str, Any]:
    """Return what was reviewed for a whole answer."""
    reviewed = json.loads(path.with_name(path.name + EXPECTED).read_text())
    return reviewed if "error" in reviewed else plain(msgspec.convert(reviewed, Snapshot))


def table(name: str) -> Any:
    """Return a table of words, titles or texts and what is read of them."""
    return json.loads((FOLDER / "words" / f"{name}.json").read_text())


def stories(name: str) -> dict[str, list[tuple[str, str]]]:
    """Return the stories of a file by their titles: for each answer what it shows, and what is reported of it."""
    _, *parts = (FOLDER / "stories" / f"{name}.txt").read_text().split("\n# ")
    found = {}
    for title, *lines in (part.splitlines() for part in parts):
        halves = [line.partition("|") for line in lines if line]
        found[title] = [(shown.strip(), reported.strip()) for shown, _, reported in halves]
    return found


def agrees(name: str, case: str, outcome: object) -> None:
    """Compare what comes of a case with the last value of its row, or write it there if WRITE_GOLDENS is set."""
    reviewed = table(name)
    if os.environ.get("WRITE_GOLDENS"):
        reviewed[case][-1] = outcome
        rows = (f" {_line(known)}: {_line(row)}" for known, row in reviewed.items())
        (FOLDER / "words" / f"{name}.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")
    assert reviewed[case][-1] == outcome


def _line(value: object) -> str:
    # A lone surrogate stays an escape: it has no bytes of its own.
    return json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace").decode()


def check(path: Path, content: object) -> None:
    """Compare with what was reviewed, or write it where the environment has WRITE_GOLDENS."""
    if os.environ.get("WRITE_GOLDENS"):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, content)
    assert json.loads(path.read_text()) == json.loads(json.dumps(content)), (
        "see tests/goldens.py on how to write it anew"
    )


def main() -> None:
    """Write what comes of every answer today."""
    for path in answers():
        _write(path.with_name(path.name + EXPECTED), whole(path))
    for case in cases():
        known = [
            {key: value for key, value in reading.items() if key not in ("snapshot", "refused")} | outcome(reading)
            for reading in readings(case)
        ]
        _write(case, {"readings": known})
    folders = (str(FOLDER.parent / "unit" / name) for name in ("simulator", "catalogue", "parse", "delivery"))
    suite = (sys.executable, "-m", "pytest", *folders, "-k", "reviewed")
    subprocess.run(suite, env={**os.environ, "WRITE_GOLDENS": "1"}, check=True)


def _is_default(field: msgspec.structs.FieldInfo, value: object) -> bool:
    if field.default_factory is not msgspec.NODEFAULT:
        return value == field.default_factory()
    return value is msgspec.UNSET or (type(value) is type(field.default) and value == field.default)


def _write(path: Path, content: object) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    if not path.exists() or json.loads(path.read_text()) != content:
        sys.stdout.write(f"{path.relative_to(FOLDER)}\n")
        path.write_text(text)


if __name__ == "__main__":
    main()
