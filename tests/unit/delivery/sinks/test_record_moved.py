"""The record's file is renamed, removed or replaced while the printer has it open."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes import NOON, streamed
from tracker.delivery.sinks.jsonlines import UpdateRecord
from tracker.errors import SinkError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "updates.jsonl"


@pytest.fixture
def record(path: Path) -> Iterator[UpdateRecord]:
    opened = UpdateRecord(path)
    opened.deliver([streamed("a", "1-0"), streamed("b", "2-0")])
    yield opened
    opened.close()


def ids_in(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text("ascii").splitlines()]


def renamed(path: Path) -> None:
    path.rename(path.with_suffix(".1"))


def removed(path: Path) -> None:
    path.unlink()


def replaced_by_an_empty_one(path: Path) -> None:
    renamed(path)
    path.touch()


def with_its_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("old"))


@pytest.mark.parametrize("move", [renamed, removed, replaced_by_an_empty_one, with_its_folder])
def test_the_next_line_goes_into_a_new_file_and_nothing_comes_twice(
    record: UpdateRecord, path: Path, move: Callable[[Path], None]
) -> None:
    move(path)

    record.deliver([streamed("b", "2-0"), streamed("c", "3-0")])

    assert ids_in(path) == ["c"]
    assert record.last_stream_id() == "3-0"
    with pytest.raises(SinkError, match="another printer"):
        UpdateRecord(path)


def test_a_file_that_took_its_place_keeps_its_lines_and_loses_a_torn_one(record: UpdateRecord, path: Path) -> None:
    lines = path.read_bytes()
    removed(path)
    path.write_bytes(lines + lines[:20])

    record.deliver([streamed("a", "1-0"), streamed("c", "3-0")])

    assert ids_in(path) == ["a", "b", "c"]


def test_a_pipe_in_its_place_is_refused_until_it_is_gone(record: UpdateRecord, path: Path) -> None:
    renamed(path)
    os.mkfifo(path)

    with pytest.raises(SinkError, match="it is no plain file"):
        record.deliver([streamed("c", "3-0")])
    removed(path)
    record.deliver([streamed("c", "3-0")])

    assert ids_in(path) == ["c"]


def test_a_quiet_printer_notices_too(record: UpdateRecord, path: Path) -> None:
    renamed(path)

    record.is_whole(NOON)

    assert ids_in(path) == []


def test_a_place_that_cannot_be_written_loses_nothing(record: UpdateRecord, path: Path) -> None:
    with_its_folder(path)
    path.parent.touch()
    with pytest.raises(SinkError, match="cannot open"):
        record.deliver([streamed("c", "3-0")])
    path.parent.unlink()

    record.deliver([streamed("c", "3-0")])

    assert ids_in(path) == ["c"]
