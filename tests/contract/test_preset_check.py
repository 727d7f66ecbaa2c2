"""Presets against vendors that moved or changed: simulated ones, at the addresses of real ones."""

import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.internet import internet
from tracker.catalogue.presets import Preset
from tracker.catalogue.presets.line import preset_line
from tracker.parse import FORMATS
from tracker.polling.preset_check import PAUSE_S, PresetFinding, PresetVerdict, check_presets, corrected
from tracker.simulator import Page, Redirect, SimulatedVendor

MONTH = "2026-11"
TITLES = {name: known.title for name, known in FORMATS.items()}


def preset(id: str, host: str, **fields: str) -> Preset:
    return Preset(id=id, name=id.title(), category="dev", url=f"https://{host}", seen="2026-01", **fields)


SAME = preset("same", "status.same.example", platform="Atlassian Statuspage")
CHANGED = preset("changed", "status.changed.example", platform="Instatus")
FOUND = preset("found", "status.found.example")
MOVED = preset("moved", "status.moved.example", platform="Atlassian Statuspage")
BESIDE = preset("beside", "www.moved.example", platform="Atlassian Statuspage")
GONE = preset("gone", "status.gone.example", platform="Atlassian Statuspage")
#: The pages that answer, by their hosts.
PAGES = {
    "status.same.example": "statuspage",
    "status.changed.example": "betterstack",
    "status.found.example": "incidentio",
    "status.moved.example": "statuspage",
    "www.moved.example": "statuspage",
}
NOBODY = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Asked:
    """What asking all of them once brought."""

    found: dict[str, PresetFinding]
    urls: list[str]
    pauses: list[float]


@pytest.fixture(scope="module")
def asked() -> Iterator[Asked]:
    with ExitStack() as stack:
        vendors = {
            host: stack.enter_context(SimulatedVendor([Page(host, id="page", platform=name)]))
            for host, name in PAGES.items()
        }
        hosts = {host: vendor.url() for host, vendor in vendors.items()} | {GONE.host: NOBODY}
        vendors["status.moved.example"].misbehave("page", Redirect(f"{hosts[BESIDE.host]}/", 301), times=None)
        net = stack.enter_context(internet(hosts))
        pauses: list[float] = []
        found = list(check_presets([SAME, CHANGED, FOUND, MOVED, BESIDE, GONE], net, pauses.append, at_once=2))
        assert [finding.preset for finding in found] == ["same", "changed", "found", "moved", "beside", "gone"]
        yield Asked({finding.preset: finding for finding in found}, list(net.asked), pauses)


@pytest.mark.parametrize(
    ("preset_id", "verdict", "detail"),
    [
        ("same", PresetVerdict.SAME, ""),
        ("beside", PresetVerdict.SAME, ""),
        ("changed", PresetVerdict.CHANGED, "it answers as Better Stack, not as Instatus"),
        ("found", PresetVerdict.FOUND, "it answers as incident.io"),
        ("moved", PresetVerdict.MOVED, "status.moved.example leads to www.moved.example"),
    ],
)
def test_each_preset_is_compared_with_what_its_page_answers(
    asked: Asked, preset_id: str, verdict: PresetVerdict, detail: str
) -> None:
    finding = asked.found[preset_id]

    assert (finding.verdict, finding.detail) == (verdict, detail)
    assert finding.requests <= 8


def test_a_page_that_does_not_answer_is_distinguished_from_one_that_cannot_be_read(asked: Asked) -> None:
    gone = asked.found["gone"]

    assert gone.verdict is PresetVerdict.UNREACHABLE
    assert gone.requests == 1
    assert gone.detail


def test_no_address_is_asked_twice_and_an_organisation_has_its_pauses(asked: Asked) -> None:
    own = [url for url in asked.urls if "moved" not in url]

    assert len(own) == len(set(own))
    assert asked.pauses == [PAUSE_S]


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (SAME, {"seen": MONTH, "platform": "Atlassian Statuspage"}),
        (CHANGED, {"seen": MONTH, "platform": "Better Stack", "url": "https://status.changed.example"}),
        (FOUND, {"seen": MONTH, "platform": "incident.io"}),
        (MOVED, {"seen": MONTH, "url": "https://www.moved.example", "moved_from": ["status.moved.example"]}),
    ],
)
def test_the_line_for_the_table_says_what_was_found(asked: Asked, known: Preset, expected: dict[str, object]) -> None:
    line = corrected(known, asked.found[known.id], MONTH, TITLES)

    assert line is not None
    ((_, fields),) = tomllib.loads(preset_line(line)).items()
    assert fields.items() >= expected.items()


def test_of_a_page_that_could_not_be_read_nothing_is_written(asked: Asked) -> None:
    assert corrected(GONE, asked.found["gone"], MONTH, TITLES) is None
