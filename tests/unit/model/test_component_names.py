"""Which of a page's components an incident names: what filters make of it, and what it is called in every event."""

import json
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fakes import NOON, component, incident, page, provider, update
from tests.goldens import GOLDEN, table
from tests.unit.detection.test_changes import Memory
from tracker.catalogue import new_provider
from tracker.detection.edits import follow
from tracker.detection.snapshots import merged
from tracker.model.component_names import Listing, alike, labels, mentions
from tracker.model.filters import left_out_by, unmatched
from tracker.model.page import Component, ComponentStatus, Mention, Snapshot
from tracker.model.provider import Provider
from tracker.parse import FORMAT_NAMES, read

SITE = "https://status.acme.example"
#: What a person may call a component: any signs, none of them blank or of control.
names = st.text(st.characters(categories=("L", "M", "N", "P", "S")), min_size=1, max_size=12).filter(
    lambda name: not name.startswith("!")
)


def statuspage(*components: dict[str, object], **lists: object) -> Snapshot:
    answer = {"page": {"id": "p", "name": "Acme", "url": SITE}, "components": components, **lists}
    return read(json.dumps(answer).encode(), url=f"{SITE}/api/v2/summary.json")


def part(component_id: str, name: str, group: str | None = None, **fields: object) -> dict[str, object]:
    return {"id": component_id, "name": name, "status": "operational", "group": False, "group_id": group, **fields}


def posted(*affected: tuple[str, str], update_id: str = "u1", **fields: object) -> dict[str, object]:
    listed = [{"code": code, "name": name, "new_status": "major_outage"} for code, name in affected]
    moment = "2025-11-03T12:00:00Z"
    return {
        "id": update_id,
        "status": "investigating",
        "body": "Looking.",
        "created_at": moment,
        "affected_components": listed or None,
    } | fields


def open_incident(*updates: dict[str, object], **fields: object) -> dict[str, object]:
    return {"id": "i1", "name": "Slow", "status": "investigating", "incident_updates": updates, **fields}


#: Two groups with a component of one name, one that stands alone with a telling name, and one behind a flag.
PLATFORM = (
    {"id": "g1", "name": "Platform", "group": True},
    {"id": "g2", "name": "EU - West", "group": True},
    part("c1", "Login", "g1"),
    part("c2", "Login", "g2"),
    part("c3", "GitHub - Actions"),
    part("c4", "API / v2", "g2"),
)


LOGIN, EU_LOGIN, SEARCH = ("c1", "Platform - Login"), ("c2", "EU - West - Login"), ("c9", "Old - Search")
PATTERNS: list[tuple[tuple[str, str], dict[str, bool]]] = [
    (
        LOGIN,
        {
            **dict.fromkeys(
                ["Login", "Platform/*", "Platform/Login", "platform/LOGIN", "Platform - Login", "c1"], True
            ),
            **dict.fromkeys(["EU - West/*", "c2", "Platform", "Actions"], False),
        },
    ),
    (EU_LOGIN, {"EU - West/*": True, "Login": True, "Platform/*": False}),
    (("c3", "GitHub - Actions"), {"GitHub - Actions": True, "Actions": False}),
    (("c4", "EU - West - API / v2"), {"EU - West/API / v2": True}),
    # The page does not list it any more: what is in front is most likely its group.
    (SEARCH, {"Search": True, "Old/*": True, "Old - Search": True, "Login": False}),
    # Deleted and made anew.
    (("c8", "Platform - Login"), {"Platform/*": True, "EU - West/*": False}),
]
CASES = [
    (affected, listed, pattern, is_reported)
    for affected, patterns in PATTERNS
    for pattern, is_reported in patterns.items()
    # The incident itself lists what its updates call `Platform - Login` not at all, or by name.
    for listed in ([], [part("c1", "Login", "g1")])[: 2 if affected is LOGIN else 1]
]


@pytest.mark.parametrize(("affected", "listed", "pattern", "is_reported"), CASES)
def test_what_statuspage_calls_group_and_name_is_the_component(
    affected: tuple[str, str], listed: list[dict[str, object]], pattern: str, is_reported: bool
) -> None:
    quiet = statuspage(*PLATFORM, incidents=[])
    begun = statuspage(*PLATFORM, incidents=[open_incident(posted(affected), components=listed)])

    for patterns, reported in (((pattern,), is_reported), ((f"!{pattern}",), not is_reported)):
        memory = Memory(provider(components=patterns))
        memory.polls(quiet)

        assert bool(memory.polls(begun).pending) is reported, patterns


@pytest.mark.parametrize(
    ("patterns", "is_reported"), [(("Console/*",), False), (("!Console/*",), True), (("Login",), True)]
)
def test_a_component_that_is_gone_is_not_another_one_of_its_name(patterns: tuple[str, ...], is_reported: bool) -> None:
    console = ({"id": "g3", "name": "Console", "group": True}, part("c5", "Login", "g3"))
    gone = open_incident(posted(("c1", "Platform - Login")), components=[part("c1", "Login", "g1")])
    memory = Memory(provider(components=patterns))
    memory.polls(statuspage(*console))

    reported = memory.polls(statuspage(*console, incidents=[gone])).pending

    assert bool(reported) is is_reported
    assert {piece.event.product for piece in reported} <= {"Acme - Login"}


def test_an_answer_without_components_is_read_with_those_of_another_answer() -> None:
    history = statuspage(incidents=[open_incident(posted(("c1", "Platform - Login")))])
    shown = merged(statuspage(*PLATFORM), [history])
    memory = Memory(provider(components=("!Platform/*",)))
    memory.polls(statuspage(*PLATFORM))

    assert memory.polls(shown).pending == ()


def test_one_component_is_called_the_same_in_every_event() -> None:
    memory, digests = Memory(), {}
    down = part("c1", "Login", "g1", status="major_outage")
    texts = ("Looking.", "Found it.")
    events = []
    for polled in (
        statuspage(*PLATFORM, incidents=[]),
        *(
            statuspage(
                *PLATFORM[:2],
                down,
                *PLATFORM[3:],
                incidents=[
                    open_incident(
                        posted(("c1", "Platform - Login"), body=text), components=[{"id": "c1", "name": "Login"}]
                    )
                ],
            )
            for text in texts
        ),
    ):
        events += [piece.event for piece in memory.polls(polled).pending]
        edited, digests = follow(memory.provider, digests, polled, NOON)
        events += [piece.event for piece in edited]

    assert {str(event.event) for event in events} == {"new_incident", "component_status_change", "update_edited"}
    assert {event.product for event in events} == {"Acme - Login (Platform)"}
    assert {event.components for event in events} == {("Login",)}


def test_the_end_by_absence_calls_a_component_as_its_beginning_did() -> None:
    memory = Memory()
    parts = (component("a", name="Login", group="Platform"), component("b", name="Login", group="Console"))
    named = (Mention(id="b", name="Login"),)
    begun = incident("i1", update("u1"), components=("Login",), mentions=named)
    products = []
    for shown in (page(components=parts), page(begun, components=parts), *[page(components=parts)] * 2):
        listed = frozenset(known.id for known in shown.incidents)
        memory.before = replace(memory.before, open_ids=listed)
        products += [piece.event.product for piece in memory.polls(shown).pending]

    assert products == ["Acme - Login (Console)"] * 2


def test_an_update_names_what_its_vendor_lists_with_it_and_else_what_its_incident_does() -> None:
    memory = Memory()
    memory.polls(statuspage(*PLATFORM))
    reported = memory.polls(
        statuspage(
            *PLATFORM,
            incidents=[
                open_incident(
                    posted(update_id="u2", created_at="2025-11-03T12:10:00Z"),
                    posted(("c1", "Platform - Login"), ("c2", "EU - West - Login")),
                    components=[part("c3", "GitHub - Actions")],
                )
            ],
        )
    ).pending

    assert [piece.event.components for piece in reported] == [("Login",), ("GitHub - Actions",)]
    assert [piece.event.product for piece in reported] == [
        "Acme - Login (Platform), Login (EU - West)",
        "Acme - GitHub - Actions",
    ]


def test_a_name_that_several_components_have_is_not_guessed_at() -> None:
    parts = (component("a", name="Login", group="Platform"), component("b", name="Login", group="Console"))
    memory = Memory()
    memory.polls(page(components=parts))

    (reported,) = memory.polls(page(incident("i1", update("u1"), components=("Login",)), components=parts)).pending

    assert reported.event.product == "Acme - Login"


NAMED_BY_ID = {
    "betterstack": ("index.json",),
    "datadog": ("config.json",),
    "incidentio": ("proxy.json", "proxy-incidents.json"),
    "openstatus": ("feed.json",),
    "statuspage": ("summary.json", "incidents.json"),
    "statuspal": ("summary.json",),
}


@pytest.mark.parametrize("platform", NAMED_BY_ID)
def test_a_platform_that_names_components_by_id_reports_those_of_one_name_apart(platform: str) -> None:
    primary, *details = ((GOLDEN / platform / name).read_bytes() for name in NAMED_BY_ID[platform])
    shown = merged(read(primary, url=SITE), [read(body, url=SITE) for body in details])
    listing = Listing(replace(part, name="Part") for part in shown.components)
    reported = [*shown.incidents, *shown.maintenances]
    named = [mentions(each) for known in reported for each in (known, *known.updates) if mentions(each)]

    assert named
    for each in named:
        listed = [replace(mention, name="Part") for mention in each if listing.meant(mention)]
        called = listing.labels(listed)
        assert len(called) == len(listed), "each by a label of its own"
        assert "Part" not in called


# --- names and patterns ---


def is_reported(patterns: tuple[str, ...], name: str, *parts: Component) -> bool:
    known = incident("i1", update("u1"), components=(name,))
    given = provider(components=patterns)
    return left_out_by(given, known, known.updates[0], Listing(parts), maintenance=False) is None


@pytest.mark.parametrize(("pattern", "names_of"), table("component_patterns").items())
def test_a_pattern_matches_letter_by_letter_or_as_a_pattern(pattern: str, names_of: list[list[str]]) -> None:
    matching, others = names_of

    for name in matching:
        assert is_reported((pattern,), name), name
        assert not is_reported((f"!{pattern}",), name), name
    for name in others:
        assert not is_reported((pattern,), name), name
        assert is_reported((f"!{pattern}",), name), name


def test_a_name_that_begins_with_the_mark_of_an_exclusion_can_be_left_out() -> None:
    assert not is_reported(("!!Important",), "!Important")
    assert is_reported(("!!Important",), "Important")


@given(names, st.none() | names)
@example("[EU] API", None)
@example("C*", "[Beta]")
@example("a/b", "c/d")
@example("\u1e9e\u0130", "I\u0307")
def test_a_component_is_found_by_its_own_name_in_either_form_of_unicode(name: str, group: str | None) -> None:
    parts = (component("c1", name=name, group=group), component("c2", name="Other"))
    shown = page(components=parts)
    spellings = [name, *([f"{group}/{name}", f"{group} - {name}"] if group else [])]
    for form in ("NFC", "NFD"):
        for pattern in (unicodedata.normalize(form, spelling) for spelling in spellings):
            assert unmatched(provider(components=(pattern,)), shown) == (), "no hint says that it is not there"
            assert is_reported((pattern,), name, *parts)
            assert not is_reported((f"!{pattern}",), name, *parts)


@given(names)
def test_what_reads_alike_stays_alike(name: str) -> None:
    assert alike(alike(name)) == alike(name)
    assert alike(unicodedata.normalize("NFD", name)) == alike(unicodedata.normalize("NFC", name))


@pytest.mark.parametrize("pattern", ["Old/*", "Search", "Old - Search", "Platform - Login", "!Platform/*"])
def test_no_hint_contradicts_what_incidents_name(pattern: str) -> None:
    shown = statuspage(*PLATFORM, incidents=[open_incident(posted(("c9", "Old - Search")))])
    memory = Memory(provider(components=(pattern,)))

    assert unmatched(memory.provider, shown) == ()
    assert unmatched(memory.provider, memory.polls(shown).view) == ()


def test_a_hint_names_what_is_misspelt() -> None:
    shown = statuspage(*PLATFORM[:3], incidents=[])

    assert unmatched(provider(components=("Platform/Logon",)), shown) == (
        "components: no component of the page matches 'Platform/Logon'; it has Login",
    )


def test_patterns_of_the_catalogue_reach_the_filter_as_they_are_written() -> None:
    def given_by_hand(*patterns: str) -> Provider:
        return new_provider(SITE, formats=FORMAT_NAMES, components=patterns)

    assert given_by_hand("[EU] API", "![Beta] Search", "!!x").components == ("[EU] API", "![Beta] Search", "!!x")


def test_labels_report_components_of_one_name_apart_and_no_more() -> None:
    parts = [
        Component(id=key, name=name, status=ComponentStatus.OPERATIONAL, group=group)
        for key, name, group in (("a", "Login", "Platform"), ("b", "Login", "Console"), ("c", "Web", "Console"))
    ]
    named = [Mention(id=part.id, name=part.name) for part in parts]
    called = ("Login (Platform)", "Login (Console)", "Web")

    assert Listing(parts).labels(named) == (*labels(parts).values(),) == called
    assert Listing(parts).names(named) == ("Login", "Web")
