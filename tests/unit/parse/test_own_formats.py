"""Formats that a catalogue defines: read, followed, refused, bounded. Most definitions are those of docs/formats.md."""

import json
import os
import re
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from tests.goldens import FOLDER, agrees, table
from tests.vendor import Watch
from tracker.catalogue import as_toml, read_catalogue
from tracker.catalogue.examples import example, names
from tracker.errors import ConfigError, ParseError
from tracker.model.format_definition import BodyKind, FormatDefinition
from tracker.model.page import is_made
from tracker.model.page_state import PageState, Source
from tracker.model.provider import FirstSight, Provider
from tracker.parse import FORMAT_NAMES, read
from tracker.parse.custom import apart, custom_format, tried, understood
from tracker.parse.custom import language as languages
from tracker.parse.custom.format import compiled
from tracker.parse.custom.markup import Html, Xml
from tracker.store.codec import decode_provider, decode_state, encode_provider, encode_state

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "formats.md").read_text()


def catalogue(text: str) -> Provider:
    (provider,) = read_catalogue(text.encode(), file="providers.toml", formats=FORMAT_NAMES, understand=understood)
    return provider


def of_guide(name: str) -> Provider:
    (block,) = [block for block in re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL) if f'name = "{name}"' in block]
    return catalogue(block)


def definition(name: str) -> FormatDefinition:
    found = of_guide(name).definition
    assert found is not None
    return found


# The three one-offs, each at three moments: the page's body, from the words that the vendor uses.


def harbor(*incidents: tuple[str, str]) -> bytes:
    articles = "".join(
        f'<article id="h{number}"><h3><a href="/i/{number}">Cranes stand still</a></h3>'
        f'<span class="badge {state}">…</span><div class="text"><p>{text}</p></div>'
        f'<time datetime="2025-11-03T12:0{number}:00Z">today</time>'
        '<div class="affected"><ul><li>Cranes</ul></div></article>'
        for number, (state, text) in enumerate(incidents)
    )
    return f"<!doctype html><html><body><main id=status><h1>Harbor</h1>{articles}</main></body></html>".encode()


def quay(*updates: tuple[str, str]) -> bytes:
    log = [{"phase": state, "note": text, "at": f"2025-11-03T12:0{n}:00Z"} for n, (state, text) in enumerate(updates)]
    event = {"ref": 7, "headline": "Ships wait", "systems": [{"label": "Locks"}], "log": log[::-1]}
    return json.dumps({"data": {"events": [event] if updates else []}}).encode()


def pier(*texts: str) -> bytes:
    notices = "".join(
        f'<n:notice ref="p1" changed="2025-11-03 13:0{number}"><summary>Gate &amp; rail</summary>'
        f"<details><![CDATA[<p>{text}</p>]]></details></n:notice>"
        for number, text in enumerate(texts)
    )
    return f'<?xml version="1.0"?><board xmlns:n="urn:x"><notices>{notices}</notices></board>'.encode()


STORIES: dict[str, tuple[Callable[..., bytes], list[tuple[object, ...]], list[tuple[str, str]]]] = {
    "harbor": (
        harbor,
        [(("live", "We look."),), (("watch", "It moves."),), (("done", "All moves."),)],
        [("investigating", "We look."), ("monitoring", "It moves."), ("resolved", "All moves.")],
    ),
    "quay": (
        quay,
        [
            (("Investigating", "We look."),),
            (("Investigating", "We look."), ("Monitoring", "They move.")),
            (("Investigating", "We look."), ("Monitoring", "They move."), ("Closed", "All is well.")),
        ],
        [("investigating", "We look."), ("monitoring", "They move."), ("resolved", "All is well.")],
    ),
    "pier": (
        pier,
        [("A gate is shut.",), ("Half of it is open.",), ()],
        [("investigating", "A gate is shut."), ("investigating", "Half of it is open.")],
    ),
}


def watch(name: str) -> Watch:
    """Return a poller of a page of the guide's."""
    return Watch(watched=msgspec.structs.replace(of_guide(name), first_sight=FirstSight.ALL))


@pytest.mark.parametrize("name", STORIES)
def test_a_page_is_followed_from_open_to_resolved(name: str) -> None:
    body_of, moments, expected = STORIES[name]
    watched = watch(name)
    assert watched.reads(body_of()) == []

    reported = [event for moment in moments for event in watched.reads(body_of(*moment))]
    # What ends by no longer being listed has ended once a second answer lacks it.
    reported += watched.reads(body_of(*moments[-1]))

    assert [(event.status, event.message) for event in reported[: len(expected)]] == expected
    assert reported[-1].status == "resolved"
    assert len({event.id for event in reported}) == len(reported) == 3
    assert len({event.incident_id for event in reported}) == 1
    assert reported[0].published_at is not None
    assert watched.fetcher.asked() == [watched.provider.url] * 5


@pytest.mark.parametrize("name", STORIES)
def test_a_format_of_ones_own_takes_ten_lines(name: str) -> None:
    body = re.search(rf'\[\[format\]\]\nname = "{name}"\n.*?\n\n', GUIDE, re.DOTALL)

    assert body is not None
    assert len(body[0].strip().splitlines()) <= 13


def test_parts_are_read_as_they_stand_there() -> None:
    (incident,) = (
        custom_format(definition("harbor"))
        .read(harbor(("live", "a &lt; b")), "https://status.harbor.example", None)
        .incidents
    )

    assert (incident.id, incident.name, incident.components) == ("h0", "Cranes stand still", ("Cranes",))
    assert incident.link == "https://status.harbor.example/i/0"
    assert incident.updates[0].body == "a < b"

    bare = msgspec.structs.replace(definition("harbor"), incidents="main#status status-entry", id=None, link=None)
    renamed = harbor(("live", "x")).replace(b"article", b"status-entry")
    (entry,) = custom_format(bare).read(renamed, "", None).incidents
    assert (is_made(entry.id), entry.name, entry.link) == (True, "Cranes stand still", None)

    (notice,) = custom_format(definition("pier")).read(pier("x"), "", None).incidents
    assert notice.name == "Gate & rail"
    assert str(notice.updates[0].created_at) == "2025-11-03 12:00:00+00:00"


def test_json_inside_a_page_is_read() -> None:
    known = msgspec.structs.replace(definition("quay"), inside="script#data")
    page = b"<html><body><script id='data' type='application/json'>" + quay(("Closed", "a < b")) + b"</script></body>"

    assert custom_format(known).read(page, "", None).incidents[0].status == "resolved"


def test_a_maintenance_is_distinguished_from_an_incident() -> None:
    known = msgspec.structs.replace(
        definition("harbor"), states=(("live", "scheduled"),), begins="time::attr(datetime)"
    )

    snapshot = custom_format(known).read(harbor(("live", "Soon.")), "", None)

    assert (len(snapshot.incidents), len(snapshot.maintenances)) == (0, 1)
    assert snapshot.maintenances[0].scheduled_for is not None


# what a page may do


#: Pages that were rebuilt, and are not quiet; and pages that would cost too much.
UNREADABLE: list[tuple[str, bytes, str]] = [
    ("harbor", b"<html><body><h1>We moved</h1></body></html>", "nothing at `always`"),
    ("harbor", b"", "cannot be read as markup"),
    ("quay", b'{"data": {"news": []}}', "no list at `incidents`"),
    ("quay", b"<html></html>", "broken JSON"),
    ("pier", b"<board/>", "nothing at `always`"),
    ("pier", b"<board><notices><notice ref='p1'>", "cannot be read as markup"),
    ("harbor", b"<main id=status>" + b"<i>x</i>" * 60_000, "more elements"),
    ("harbor", b"<main id=status>" + b"<div>" * 10_000, "nested deeper"),
    ("harbor", b"<main id=status><p " + b" ".join(b"a%d=1" % n for n in range(20_000)) + b">", "more attributes"),
    ("harbor", b"<main id=status>" + b"<p>x</p>" * 6_000, "more elements"),
    ("pier", b"<a>" * 10_000, "nested deeper|cannot be read"),
    ("quay", b'{"data": {"events": [' + b"{}," * 150_000 + b"{}]}}", "more in it than a status page"),
    ("quay", json.dumps({"data": {"events": [{"ref": n} for n in range(6_000)]}}).encode(), "entries"),
]


@pytest.mark.parametrize(("name", "body", "problem"), UNREADABLE, ids=[problem for *_, problem in UNREADABLE])
def test_a_page_that_was_rebuilt_or_costs_too_much_is_refused(name: str, body: bytes, problem: str) -> None:
    with pytest.raises(ParseError, match=problem):
        custom_format(definition(name)).read(body, "", None)


NESTED = b"<main id=status>" + b"<div>" * 140 + b"<p>x</p>" * 4_500
SIBLINGS = b"<main id=status>" + b"<div><p>x</p></div>" * 4_900


@pytest.mark.parametrize("body", [NESTED, SIBLINGS], ids=["nested", "siblings"])
@pytest.mark.parametrize("selector", ["div div div div p", "div ~ div ~ div p", "div > p ~ p, div + div"])
def test_a_page_cannot_make_a_selector_take_minutes(selector: str, body: bytes) -> None:
    tree = Html().opened(body)
    begun = time.process_time()

    found = Html().compiled(selector, is_part=False)(tree)

    # Of libxml2 alone some take a minute of the processor, and ours a tenth of a second.
    assert time.process_time() - begun < 5
    assert len(found) in {0, 4_500, 4_499, 4_900, 4_899, 4_898}


FLAT = b"<r>" + b"<n><a/><a/></n>" * 4_900 + b"</r>"
LONG = b"<r><n>" + b"a" * 4_000_000 + b"</n></r>"


@pytest.mark.parametrize(
    ("kind", "expression", "body", "problem"),
    [
        ("xml", "//*[count(//*)>1]", FLAT, "take too long on this page"),
        ("html", ":scope div ~ div ~ div p", SIBLINGS, "take too long on this page"),
        (
            "xml",
            "n[string-length(concat(" + ",".join(["/"] * 40) + "))]",
            LONG,
            "too much memory|take too long|unknown error",
        ),
    ],
)
def test_a_page_cannot_make_an_expression_take_long_or_much(
    monkeypatch: pytest.MonkeyPatch, kind: str, expression: str, body: bytes, problem: str
) -> None:
    monkeypatch.setattr(apart, "MOST_CPU_S", 1)
    monkeypatch.setattr(apart, "MOST_MEMORY", 200 << 20)
    always = "." if kind == "xml" else "#status"
    costly = FormatDefinition(name="f", kind=BodyKind(kind), incidents=expression, always=always, title="a", state="b")

    trial = tried(costly, body)

    assert re.search(problem, trial.error or "")
    # Each expression by itself takes as long.
    assert trial.parts == () or "unknown error" in (trial.error or "")


@pytest.mark.parametrize(
    ("expression", "is_bounded"),
    [
        ("//item", True),
        (".//item/@id", True),
        ("channel/item[not(@old)]/title", True),
        ("title|name|@label", True),
        # Each entry would look at all the others.
        ("../item/title", False),
        # Each finding would be compared with each of the others.
        ("//item|//entry", False),
        ("channel//item", False),
        ("item[count(//item) > 1]", False),
    ],
)
def test_paths_that_a_page_can_make_slow_are_read_apart(expression: str, is_bounded: bool) -> None:
    assert Xml().is_bounded(expression) is is_bounded


@pytest.mark.parametrize(
    ("selector", "is_bounded"),
    [("main p", True), (":scope::attr(id)", True), (":scope p", False), ("p:has(b)::attr(id)", False)],
)
def test_selectors_that_a_page_can_make_slow_are_read_apart(selector: str, is_bounded: bool) -> None:
    assert Html().is_bounded(selector) is is_bounded


def test_what_is_read_apart_is_what_is_read_here() -> None:
    plain = definition("pier")
    body = pier("x")
    apart_too = msgspec.structs.replace(plain, incidents="//notice[ancestor::notices]")

    assert not compiled(apart_too).is_bounded
    assert compiled(plain).is_bounded
    assert custom_format(apart_too).read(body, "", None) == custom_format(plain).read(body, "", None)
    with pytest.raises(ParseError, match="nothing at `always`"):
        custom_format(apart_too).read(b"<board/>", "", None)


def test_the_process_that_reads_a_page_gets_no_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    apart_too = msgspec.structs.replace(definition("pier"), incidents="//notice[ancestor::notices]")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nenv > {tmp_path}/env\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setenv("REDIS_PASSWORD", "swordfish")
    monkeypatch.setattr(sys, "executable", str(python))

    assert custom_format(apart_too).read(pier("x"), "", None).incidents
    assert "swordfish" not in (tmp_path / "env").read_text()


def test_few_pages_are_read_apart_at_a_time_and_none_waits_for_ever(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each process says that it runs, and goes on once the test lets it."""
    known = msgspec.structs.replace(definition("pier"), incidents="//notice[ancestor::notices]")
    running, free = tmp_path / "running", tmp_path / "free"
    running.mkdir()
    os.mkfifo(free)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ntouch {running}/$$\nread _ < {free}\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with ThreadPoolExecutor(6) as threads:
        reads = [threads.submit(custom_format(known).read, pier("x"), "", None) for _ in range(4)]
        while len(list(running.iterdir())) < apart.MOST_AT_A_TIME:
            assert not any(read.done() for read in reads)
            time.sleep(0.01)
        monkeypatch.setattr(apart, "MOST_WAIT_S", 0.0)
        with pytest.raises(ParseError, match="too many pages wait"):
            custom_format(known).read(pier("x"), "", None)
        assert len(list(running.iterdir())) == apart.MOST_AT_A_TIME
        with free.open("w") as lets:
            for _ in reads:
                lets.write("go\n")
                lets.flush()
            assert all(read.result().incidents for read in reads)


def test_combinators_find_what_selectors_level_3_says() -> None:
    tree = Html().opened(b"<div id=1><p id=2><b id=3>x</b></p><p id=4>x</p><b id=5>x</b></div><b id=6>x</b>")
    cases = {
        "div b": "35",
        "div > b": "5",
        "p + p": "4",
        "p ~ b": "5",
        "div p > b": "3",
        "b, p": "23456",
        "p:first-child > b": "3",
    }

    assert {each: "".join(Html().compiled(f"{each}::attr(id)", is_part=False)(tree)) for each in cases} == cases


@pytest.mark.parametrize(
    ("kind", "expression", "body", "problem"),
    [
        ("json", "a" + ".[@,@][]" * 25, b'{"a": [1]}', "repeats a value"),
        ("json", "a" + ".[@,@]" * 40 + "|to_string(@)", b'{"a": [1]}', "repeats a value"),
        ("json", "map(&map(&map(&map(&@,$),$),$),$)".replace("$", f"`{[0] * 33}`"), b"{}", "finds more than"),
        ("xml", "count(a)", b"<r><a/></r>", "incident cannot be read"),
    ],
)
def test_an_expression_that_finds_too_much_or_no_element_is_refused(
    kind: str, expression: str, body: bytes, problem: str
) -> None:
    known = FormatDefinition(
        name="f",
        kind=BodyKind(kind),
        incidents=expression,
        always="." if kind == "xml" else None,
        title="b",
        state="c",
    )

    with pytest.raises(ParseError, match=problem):
        custom_format(known).read(body, "", None)


def test_entities_of_a_page_open_no_file() -> None:
    body = b'<!DOCTYPE board [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + pier("&x;").partition(b"?>")[2]

    (notice,) = custom_format(definition("pier")).read(body, "", None).incidents
    assert notice.updates[0].body in ("", "&x;")


def test_an_unknown_state_is_reported_as_such() -> None:
    snapshot = custom_format(definition("harbor")).read(harbor(("odd", "x")), "", None)

    assert snapshot.unknown_words == ("badge odd",)


def test_another_definition_reads_the_same_answer_anew_and_reports_nothing_again() -> None:
    watched = watch("harbor")
    body = harbor(("live", "We look."))
    assert len(watched.reads(body)) == 1
    known = definition("harbor")
    changed = msgspec.structs.replace(known, components=None, states=(*known.states, ("x", "resolved")))
    watched.pages._providers["harbor"] = msgspec.structs.replace(watched.provider, definition=changed)

    assert watched.reads(body) == []
    source = watched.pages.state("harbor").source
    assert source is not None
    assert source.definition == changed


def test_a_definition_goes_to_the_workers_with_its_provider_and_stays_with_the_state() -> None:
    provider = of_guide("harbor")
    state = PageState(url=provider.url, source=Source(format="harbor", primary="x", definition=provider.definition))

    assert decode_provider(encode_provider(provider)) == provider
    assert decode_state(encode_state(state)) == state


# what may be written


LINES = {"name": '"acme"', "kind": '"json"', "incidents": '"incidents[]"', "title": '"name"', "state": '"status"'}


REFUSED = table("formats_refused")


@pytest.mark.parametrize("case", REFUSED)
def test_a_format_is_refused_with_the_sentence_that_was_reviewed(case: str) -> None:
    lines = [f"{key} = {value}" for key, value in {**LINES, **REFUSED[case][0]}.items() if value is not None]
    text = "\n".join(["[[format]]", *lines, "[[provider]]", 'name = "A"', 'url = "https://a.example"'])

    with pytest.raises(ConfigError) as caught:
        catalogue(text)

    agrees("formats_refused", case, str(caught.value))
    assert str(caught.value).startswith("providers.toml: format 1 ")
    assert str(caught.value).isprintable()


def test_a_provider_of_an_unknown_format_is_shown_those_of_ones_own_as_well() -> None:
    with pytest.raises(ConfigError, match="did you mean harbor"):
        catalogue(as_toml([of_guide("harbor")]).replace('format = "harbor"', 'format = "harbour"'))


@pytest.mark.parametrize("name", STORIES)
def test_a_page_of_ones_own_is_written_with_its_format(name: str) -> None:
    assert catalogue(as_toml([of_guide(name)])) == of_guide(name)


def test_without_the_libraries_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(module: str) -> object:
        raise ImportError(module)

    fresh = msgspec.structs.replace(definition("quay"), name="fresh")
    monkeypatch.setattr(languages, "import_module", nothing)

    with pytest.raises(
        ParseError, match=r"needs jmespath; install it with pip install 'status-page-tracker\[formats\]'"
    ):
        custom_format(fresh).read(b"{}", "", None)


# what is tried out


def problems(name: str, body: bytes, **changes: str) -> dict[str, str]:
    parts = tried(msgspec.structs.replace(definition(name), **changes), body).parts
    return {part.key: part.problem for part in parts if part.problem}


@pytest.mark.parametrize(("name", "changes", "problem"), table("trials"))
def test_a_trial_says_why_a_part_is_empty(name: str, changes: dict[str, str], problem: str) -> None:
    body_of, moments, _ = STORIES[name]
    (key,) = changes

    assert problem in problems(name, body_of(*moments[0]), **changes)[key]


@pytest.mark.parametrize("name", STORIES)
def test_a_trial_of_what_fits_finds_no_problem(name: str) -> None:
    body_of, moments, _ = STORIES[name]

    trial = tried(definition(name), body_of(*moments[0]))

    assert [part for part in trial.parts if part.problem] == []
    assert trial.snapshot is not None


# formats that ship, written so


#: Pages that no format reads: the incidents and components that are read of their answers in `golden/examples`.
ONE_OFFS = table("examples_read")


@pytest.mark.parametrize("name", ONE_OFFS)
def test_an_example_reads_a_page_that_no_format_reads(name: str) -> None:
    known = catalogue(example(name)).definition
    assert known is not None
    (body,) = (FOLDER / "examples").glob(f"{name}.*")

    found = custom_format(known).read(body.read_bytes(), "", None)

    incidents = [
        [each.id, each.name, each.status, each.updates[-1].body if each.updates else ""]
        for each in (*found.incidents, *found.maintenances)
    ]
    assert [incidents, [[part.name, part.status] for part in found.components]] == ONE_OFFS[name]


@pytest.mark.parametrize("name", sorted({*names()} - {*ONE_OFFS}))
def test_an_example_reads_what_the_format_reads(name: str) -> None:
    known = catalogue(example(name)).definition
    assert known is not None
    golden = (ROOT / "tests" / "golden" / "parse" / name).iterdir()
    bodies = [path for path in golden if path.is_file() and ".expected" not in path.name]
    assert bodies

    for body in bodies:
        own, shipped = custom_format(known).read(body.read_bytes(), "", None), read(body.read_bytes(), format=name)
        assert [(each.id, each.name, len(each.updates)) for each in own.incidents] == [
            (each.id, each.name, len(each.updates)) for each in shipped.incidents
        ]
        assert [(part.name, part.status) for part in own.components] == [
            (part.name, part.status) for part in shipped.components
        ]
