"""Events as JSON lines on the console, and the record on disk."""

import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fakes import NOON, event, streamed
from tests.strategies import texts
from tracker.delivery.sinks.jsonlines import JsonLines, UpdateRecord, record_line
from tracker.errors import SinkError
from tracker.model.event import decode_event

HOSTILE = "\x1b[31m\r\n\0\x7f\x85\x9b\u2028\u2029\u202e\u200b\ufeff\U0001f4a5\U000e0041\"'\\/</script>東京"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the record is."""
    return tmp_path / "data" / "updates.jsonl"


@pytest.fixture
def record(path: Path) -> Iterator[UpdateRecord]:
    """An empty record."""
    opened = UpdateRecord(path)
    yield opened
    opened.close()


def ids_in(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text("ascii").splitlines()]


def reopened(path: Path) -> str | None:
    """Return where a printer that opens the record would go on."""
    record = UpdateRecord(path)
    record.close()
    return record.last_stream_id()


# --- the console ---


@example("plain\x7f")
@example(HOSTILE)
@given(texts)
def test_a_line_is_printable_ascii_and_means_the_same(text: str) -> None:
    reported = event("acme/i/u", incident=text, message=text, components=(text,))

    line = record_line(streamed("acme/i/u", "1-0", incident=text, message=text, components=(text,)))

    assert line.isascii()
    assert line.isprintable()
    assert decode_event(line.encode()) == reported
    assert json.loads(line)["incident"] == text


#: What programs may rely on, in this order.
STABLE = (
    "id event provider provider_name product incident_id incident update_id status message impact components link "
    "published_at seen_at vendor_status regions scheduled_for scheduled_until"
)


def test_a_line_of_the_console_has_the_fields_that_never_change() -> None:
    console = io.StringIO()

    JsonLines(console).deliver([streamed("a"), streamed("b")])

    first, second = map(json.loads, console.getvalue().splitlines())
    assert [name for name in first if name in STABLE.split()] == STABLE.split()
    assert second["id"] == "b"


def test_a_console_that_is_gone_is_a_sink_error() -> None:
    console = io.StringIO()
    console.close()

    with pytest.raises(SinkError, match="cannot write to the console"):
        JsonLines(console).deliver([streamed()])


# --- the record ---


def test_an_empty_record_proves_nothing(record: UpdateRecord, path: Path) -> None:
    assert record.last_stream_id() is None
    assert path.read_bytes() == b""


def test_events_stand_on_record_with_their_stream_id(record: UpdateRecord, path: Path) -> None:
    record.deliver([streamed("a", "1-0"), streamed("b", "1-1")])
    record.deliver([streamed("c", "2-0")])

    lines = path.read_text("ascii").splitlines()
    assert lines == [record_line(streamed(name, at)) for name, at in (("a", "1-0"), ("b", "1-1"), ("c", "2-0"))]
    assert record.last_stream_id() == "2-0"


def test_delivering_nothing_changes_nothing(record: UpdateRecord, path: Path) -> None:
    record.deliver([streamed("a", "1-0")])
    before = path.read_bytes()

    record.deliver([])

    assert path.read_bytes() == before
    assert record.last_stream_id() == "1-0"


@pytest.mark.parametrize(
    "torn",
    [b"{", b'{"id":"b"', record_line(streamed("b", "2-0")).encode(), b"\0\0\0\0", b"x" * 3_000_000],
    ids=["one byte", "half a line", "all but the end", "zeros of a crash", "more than is looked at"],
)
def test_a_torn_last_line_is_cut_off(path: Path, torn: bytes) -> None:
    path.parent.mkdir()
    whole = f"{record_line(streamed('a', '1-0'))}\n".encode()
    path.write_bytes(whole + torn)

    assert reopened(path) == "1-0"
    assert path.read_bytes() == whole


def test_a_file_that_is_all_torn_is_empty(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b'{"id"')

    assert reopened(path) is None
    assert path.read_bytes() == b""


def test_a_last_line_longer_than_a_megabyte_is_read(path: Path) -> None:
    record = UpdateRecord(path)
    record.deliver([streamed("a", "1-0"), streamed("b", "2-0", incident="\x1b" * 1_000_000)])
    record.close()

    assert reopened(path) == "2-0"


def test_lines_that_somebody_wrote_by_hand_are_passed_over(path: Path) -> None:
    path.parent.mkdir()
    lines = [record_line(streamed("a", "1-0")), "a note", "", '{"id":"x","stream_id":"tomorrow"}', "[]", "{}"]
    path.write_text("".join(f"{line}\n" for line in lines))

    assert reopened(path) == "1-0"


def test_only_the_end_of_a_large_record_is_read(path: Path) -> None:
    record = UpdateRecord(path)
    record.deliver([streamed(str(number), f"{number}-0", message="x" * 1000) for number in range(3000)])
    record.close()

    again = UpdateRecord(path)

    assert again.last_stream_id() == "2999-0"
    assert 500 < len(again._recorded) < 1000
    again.close()


def test_what_is_remembered_of_a_record_is_bounded(record: UpdateRecord, path: Path) -> None:
    for begin in range(0, 12_000, 1000):
        record.deliver([streamed(str(number), f"{number}-0") for number in range(begin, begin + 1000)])

    assert len(record._recorded) <= 11_000
    assert len(ids_in(path)) == 12_000


def test_a_place_that_cannot_hold_a_record_is_a_sink_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()

    for path in (tmp_path / "directory", tmp_path / "file" / "updates.jsonl"):
        with pytest.raises(SinkError, match="cannot open"):
            UpdateRecord(path)


def test_a_second_writer_is_refused_until_the_first_one_closes(record: UpdateRecord, path: Path) -> None:
    open_files = len(list(Path("/dev/fd").iterdir()))
    with pytest.raises(SinkError, match="is written by another printer"):
        UpdateRecord(path)
    assert len(list(Path("/dev/fd").iterdir())) == open_files

    record.close()
    second = UpdateRecord(path)
    record._fd = second._fd  # closed by the fixture


@given(st.lists(st.lists(st.integers(0, 8), max_size=4), max_size=6))
def test_whatever_is_delivered_each_event_stands_on_record_once(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[int]]
) -> None:
    path = tmp_path_factory.mktemp("record") / "updates.jsonl"
    sequence = 0
    for batch in batches:
        record = UpdateRecord(path)
        for part in (batch[:1], batch[1:]):
            record.deliver([streamed(str(number), f"{sequence + n}-0") for n, number in enumerate(part, start=1)])
            sequence += len(part)
            assert not part or record.last_stream_id() == f"{sequence}-0"
        record.close()

    reported = [str(number) for batch in batches for number in batch]
    assert (ids_in(path) if path.exists() else []) == list(dict.fromkeys(reported))


# --- a record that is renamed, removed or replaced while it is open ---


@pytest.fixture
def written(record: UpdateRecord) -> UpdateRecord:
    """A record with two events."""
    record.deliver([streamed("a", "1-0"), streamed("b", "2-0")])
    return record


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
    written: UpdateRecord, path: Path, move: Callable[[Path], None]
) -> None:
    move(path)

    written.deliver([streamed("b", "2-0"), streamed("c", "3-0")])

    assert ids_in(path) == ["c"]
    assert written.last_stream_id() == "3-0"
    with pytest.raises(SinkError, match="another printer"):
        UpdateRecord(path)


def test_a_file_that_took_its_place_keeps_its_lines_and_loses_a_torn_one(written: UpdateRecord, path: Path) -> None:
    lines = path.read_bytes()
    removed(path)
    path.write_bytes(lines + lines[:20])

    written.deliver([streamed("a", "1-0"), streamed("c", "3-0")])

    assert ids_in(path) == ["a", "b", "c"]


def test_a_pipe_in_its_place_is_refused_until_it_is_gone(written: UpdateRecord, path: Path) -> None:
    renamed(path)
    os.mkfifo(path)

    with pytest.raises(SinkError, match="it is no plain file"):
        written.deliver([streamed("c", "3-0")])
    removed(path)
    written.deliver([streamed("c", "3-0")])

    assert ids_in(path) == ["c"]


def test_a_quiet_printer_notices_too(written: UpdateRecord, path: Path) -> None:
    renamed(path)

    written.is_whole(NOON)

    assert ids_in(path) == []


def test_a_place_that_cannot_be_written_loses_nothing(written: UpdateRecord, path: Path) -> None:
    with_its_folder(path)
    path.parent.touch()
    with pytest.raises(SinkError, match="cannot open"):
        written.deliver([streamed("c", "3-0")])
    path.parent.unlink()

    written.deliver([streamed("c", "3-0")])

    assert ids_in(path) == ["c"]


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b'{"ops": 3}', b'{"ops": "here"}', b'{"ops": "1-"}'])
def test_positions_that_cannot_be_read_are_none_and_are_written_anew(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.with_name("webhooks.json").write_bytes(content)
    record = UpdateRecord(path)
    assert record.settled() == {}
    record.note_settled({"ops": "1-0"})
    record.close()

    again = UpdateRecord(path)
    assert again.settled() == {"ops": "1-0"}
    again.close()
