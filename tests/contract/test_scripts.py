"""The Lua scripts and Python name the same keys and arguments in the same order."""

import re
from importlib.resources import files

import pytest

from tracker.store.scripts import alerts, board, catalogue, delivery, polling, stream
from tracker.store.scripts.values import ScriptValues

NONE: type[ScriptValues] = ScriptValues
#: By Lua file: its keys, its arguments, and what a file before it in the same script has taken of either.
TAKEN: dict[str, tuple[type[ScriptValues], type[ScriptValues], type[ScriptValues], type[ScriptValues]]] = {
    "acknowledge": (delivery.AcknowledgeKeys, delivery.AcknowledgeArguments, NONE, NONE),
    "alert_commit": (alerts.AlertCommitKeys, alerts.AlertCommitArguments, NONE, NONE),
    "alert_lease": (alerts.ChannelLeaseKeys, alerts.ChannelLeaseArguments, NONE, NONE),
    "alert_row": (alerts.RowKeys, alerts.RowArguments, NONE, NONE),
    "alert_settings": (alerts.SettingsKeys, alerts.SettingsArguments, NONE, NONE),
    "begin": (polling.BeginKeys, polling.BeginArguments, NONE, NONE),
    "claim": (polling.ClaimKeys, polling.ClaimArguments, NONE, NONE),
    "commit": (polling.CommitKeys, polling.CommitArguments, polling.RuleKeys, polling.RuleArguments),
    "commit_quiet": (polling.RuleKeys, polling.QuietArguments, polling.RuleKeys, polling.RuleArguments),
    "commit_rules": (polling.RuleKeys, polling.RuleArguments, NONE, NONE),
    "cursor": (stream.CursorKeys, stream.CursorArguments, NONE, NONE),
    "delivery_lease": (delivery.DeliveryLeaseKeys, delivery.DeliveryLeaseArguments, NONE, NONE),
    "groups": (stream.GroupKeys, stream.GroupArguments, NONE, NONE),
    "one_by_one": (NONE, NONE, NONE, NONE),
    "pulses": (NONE, board.PulsesArguments, NONE, NONE),
    "push": (board.PushKeys, board.PushArguments, NONE, NONE),
    "disown": (stream.OwnKeys, stream.DisownArguments, NONE, NONE),
    "own": (stream.OwnKeys, stream.OwnArguments, NONE, NONE),
    "redrive": (delivery.RedriveKeys, NONE, NONE, NONE),
    "release": (delivery.ReleaseKeys, delivery.ReleaseArguments, NONE, NONE),
    "remind": (stream.RemindKeys, stream.RemindArguments, NONE, NONE),
    "revisions": (NONE, polling.RevisionArguments, NONE, NONE),
    "sinks": (catalogue.SinksKeys, catalogue.SinksArguments, NONE, NONE),
    "sync": (catalogue.SyncKeys, catalogue.SyncArguments, NONE, NONE),
    "trim": (stream.TrimKeys, stream.TrimArguments, NONE, NONE),
    "timings": (stream.TimingKeys, stream.TimingArguments, NONE, NONE),
}


def source(name: str) -> str:
    text = files("tracker.store").joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))


def unpacked(code: str, table: str) -> tuple[tuple[str, ...], int, int | None]:
    """Return the names that a script gives to one of the tables, the place of the first, and of the last if it says."""
    found = re.findall(rf"^local ([\w,\s]+?) = unpack\({table}(?:, (\d+), (\d+))?\)$", code, re.MULTILINE)
    if not found:
        return (), 1, None
    ((names, first, last),) = found
    return tuple(re.split(r",\s*", names)), int(first or 1), int(last) if last else None


def test_every_script_is_listed() -> None:
    folder = files("tracker.store").joinpath("lua")

    assert {entry.name.removesuffix(".lua") for entry in folder.iterdir() if entry.name.endswith(".lua")} == {*TAKEN}


@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize("table", ["KEYS", "ARGV"])
def test_names_and_places_are_those_of_the_struct(name: str, table: str) -> None:
    keys, arguments, keys_before, arguments_before = TAKEN[name]
    ours, before = (keys, keys_before) if table == "KEYS" else (arguments, arguments_before)
    fields, taken = ours.__struct_fields__, before.__struct_fields__
    code = source(name)

    names, first, last = unpacked(code, table)

    assert fields[: len(taken)] == taken, "a part of a script takes what the part before it takes, and more"
    assert names == fields[len(taken) :]
    if names:
        assert first == len(taken) + 1
        assert last in (None, len(fields))
    assert f"{table}[1" not in code, "each is called by its name"


@pytest.mark.parametrize("name", TAKEN)
def test_what_follows_the_named_arguments_begins_behind_them(name: str) -> None:
    code, fields = source(name), TAKEN[name][1].__struct_fields__
    begins = re.findall(r"^local FIRST = (\d+)$", code, re.MULTILINE)

    assert begins == ([str(len(fields) + 1)] if "ARGV[i" in code else [])
    assert not re.search(r"ARGV\[(?!i)", code)


def test_the_places_within_a_commit_are_those_of_its_fields() -> None:
    ((names, places),) = re.findall(r"^local (ID,[\w,\s]+?) =\s+([\d,\s]+)$", source("commit_rules"), re.MULTILINE)

    assert tuple(re.split(r",\s*", names.lower())) == polling.CommitFields.__struct_fields__
    assert [int(place) for place in places.split(",")] == [*range(1, len(polling.CommitFields.__struct_fields__) + 1)]
