"""What of a page is reported: the filters of a provider, by themselves and over many polls."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fakes import NOON, component, incident, page, provider, update
from tests.strategies import snapshots
from tests.unit.detection.test_changes import Memory, kinds_of, reported_of, update_keys
from tests.vendor import Following
from tracker.detection.edits import follow
from tracker.detection.readability import failed, recovered
from tracker.errors import ConnectError
from tracker.model.component_names import Listing
from tracker.model.event import EventKind
from tracker.model.filters import left_out_by, passes, region_names, unmatched, wants_change, wants_kind
from tracker.model.page import SEVERITIES, Component, ComponentStatus, Impact, Snapshot
from tracker.model.page_state import PageState, PageView, Readability
from tracker.model.provider import FirstSight, Provider
from tracker.store.pages import PageStatus
from tracker.supervise.health import PageHealth, filters_summary, page_health

words = st.sampled_from(["api", "api v2", "chat", "web", "eu/api"])
globs = st.sampled_from(["api", "api*", "chat", "*", "eu/*", "w?b", "nothing"])
filters = st.fixed_dictionaries(
    {},
    optional={
        "components": st.lists(st.sampled_from(["API", "!API", "C*", "!web", "*"]), max_size=3).map(tuple),
        "min_impact": st.sampled_from(SEVERITIES),
        "events": st.lists(st.sampled_from([mark + kind for kind in EventKind for mark in ("", "!")]), max_size=4).map(
            tuple
        ),
        "maintenance": st.booleans(),
    },
)


def wanted(globs_of: Iterable[str], name: str) -> bool:
    return why(provider(components=tuple(globs_of)), components=(name,)) is None


def why(whose: Provider, *parts: Component, maintenance: bool = False, **fields: object) -> str | None:
    """Return the filter that leaves out an incident with these fields on a page with these components."""
    known = incident("i1", update("u1"), **fields)
    return left_out_by(whose, known, known.updates[-1], Listing(parts), maintenance=maintenance)


# --- lists of includes and exclusions ---


@given(st.lists(globs, max_size=4), st.lists(globs, max_size=3), words, st.randoms())
def test_what_one_include_or_no_include_at_all_and_no_exclusion_matches_passes_in_any_order(
    includes: list[str], excludes: list[str], word: str, random
) -> None:
    patterns = [*includes, *(f"!{glob}" for glob in excludes)]
    random.shuffle(patterns)

    is_included = not includes or any(fnmatchcase(word, glob) for glob in includes)
    assert wanted(patterns, word) is (is_included and not any(fnmatchcase(word, glob) for glob in excludes))


def test_an_empty_list_lets_everything_pass() -> None:
    assert passes((), lambda _: False)


# --- components ---


@pytest.mark.parametrize("glob", ["api", "API", "eu/api", "EU/*", "c-1", "a?i"])
def test_a_component_is_matched_by_name_group_and_id_whatever_the_case(glob: str) -> None:
    part = Component(id="C-1", name="Api", status=ComponentStatus.OPERATIONAL, group="Eu")

    assert why(provider(components=(glob,)), part, components=("Api",)) is None
    assert why(provider(components=(f"!{glob}",)), part, components=("Api",)) == "components"


def test_of_several_components_of_one_name_any_will_do() -> None:
    parts = [
        Component(id=region, name="API", status=ComponentStatus.OPERATIONAL, group=region) for region in ("EU", "US")
    ]

    assert why(provider(components=("EU/*",)), *parts, components=("API",)) is None
    assert why(provider(components=("!EU/*",)), *parts, components=("API",)) is None
    assert why(provider(components=("!EU/*", "!US/*")), *parts, components=("API",)) == "components"
    assert why(provider(components=("Asia/*",)), *parts, components=("API",)) == "components"


def test_an_incident_of_several_components_passes_if_any_of_them_does() -> None:
    assert why(provider(components=("!Web",)), components=("Web", "API")) is None
    assert why(provider(components=("!Web", "!API")), components=("Web", "API")) == "components"


def test_an_incident_that_names_nothing_passes() -> None:
    assert why(provider(components=("API",), regions=("eu",))) is None


def test_regions_are_filtered_like_components() -> None:
    europe = provider(regions=("EU-*", "!eu-north-1"))

    assert why(europe, regions=("eu-west-1", "us-east-1")) is None
    assert why(europe, regions=("us-east-1",)) == "regions"
    assert why(europe, regions=("eu-north-1",)) == "regions"


@pytest.mark.parametrize(
    ("wanted_regions", "passing"),
    [(("eu-*",), ["both"]), (("us-*",), ["both", "us"]), (("asia-*",), []), (("!us-*",), ["both"])],
)
def test_an_update_passes_by_a_region_of_its_own_or_of_its_incident(
    wanted_regions: tuple[str, ...], passing: list[str]
) -> None:
    memory = Memory(provider(regions=wanted_regions))
    memory.polls(page())
    both = incident("both", update("u1", regions=("eu-west-1",)), regions=("us-east-1",))
    us = incident("us", update("u1", regions=("us-east-1",)))

    found = memory.polls(page(both, us))

    assert [pending.event.incident_id for pending in found.pending] == passing
    assert region_names(page(both, us)) == {"eu-west-1", "us-east-1"}


def test_a_component_of_another_region_is_not_reported() -> None:
    part = replace(component("api", "major_outage"), region="us-east-1")
    europe = provider(regions=("eu-*",))

    assert not wants_change(europe, part, ComponentStatus.OPERATIONAL, fall_was_reported=False)
    assert wants_change(europe, replace(part, region=None), ComponentStatus.OPERATIONAL, fall_was_reported=False)


# --- impact and maintenance ---


def test_an_incident_below_the_least_impact_is_left_out_and_an_unknown_impact_is_not() -> None:
    watched = provider(min_impact=Impact.MAJOR)

    reasons = {impact: why(watched, impact=impact) for impact in (None, *SEVERITIES)}

    assert reasons == {
        None: None,
        Impact.NONE: "min_impact",
        Impact.MINOR: "min_impact",
        Impact.MAJOR: None,
        Impact.CRITICAL: None,
    }


def test_maintenance_is_a_matter_of_its_own_switch() -> None:
    assert why(provider(min_impact=Impact.CRITICAL), impact=Impact.MAINTENANCE) is None
    assert why(provider(min_impact=Impact.CRITICAL), maintenance=True, impact=Impact.MINOR) is None
    assert why(provider(maintenance=False), impact=Impact.MAINTENANCE) == "maintenance"
    assert why(provider(maintenance=False), maintenance=True) == "maintenance"
    assert why(provider(maintenance=False), impact=Impact.MINOR) is None


@pytest.mark.parametrize(
    ("least", "reported"),
    [
        ("none", ["degraded_performance", "partial_outage", "major_outage", "under_maintenance", "unknown"]),
        ("minor", ["degraded_performance", "partial_outage", "major_outage", "under_maintenance", "unknown"]),
        ("major", ["partial_outage", "major_outage", "under_maintenance", "unknown"]),
        ("critical", ["major_outage", "under_maintenance", "unknown"]),
    ],
)
def test_how_bad_a_component_has_to_be(least: str, reported: list[str]) -> None:
    watched = provider(min_impact=Impact(least))
    for status in ComponentStatus:
        memory = Memory(watched)
        memory.polls(page(components=(component("api"),)))
        fall = memory.polls(page(components=(component("api", status),))).pending
        back = memory.polls(page(components=(component("api"),))).pending

        assert bool(fall) is bool(back) is (status in reported), "its return is told if its fall was"


# --- kinds of events ---


@given(st.lists(st.sampled_from(EventKind), max_size=5), st.sampled_from(EventKind))
def test_a_list_of_kinds_and_its_exclusions_part_all_kinds(kinds: list[EventKind], kind: EventKind) -> None:
    included = wants_kind(provider(events=tuple(kinds)), kind)
    left = wants_kind(provider(events=tuple(f"!{each}" for each in kinds)), kind)

    about_the_page = kind in {EventKind.PAGE_UNREADABLE, EventKind.PAGE_READABLE, EventKind.PAGE_MOVED}
    assert included is (kind in kinds or not kinds or about_the_page)
    assert left is (kind not in kinds)


def test_events_about_the_page_are_reported_unless_they_are_excluded() -> None:
    error = ConnectError("no connection")
    almost = PageState(seeded=True, readability=Readability(failures=2))
    picky, deaf = provider(events=("new_incident",)), provider(events=("!page_unreadable",))

    reported = [failed(whose, almost, error, NOON) for whose in (picky, deaf)]

    assert [len(pending) for _, pending in reported] == [1, 0]
    assert reported[0][0] == reported[1][0], "what is remembered is the same"
    assert [len(recovered(whose, reported[0][0], NOON)[1]) for whose in (picky, deaf)] == [1, 1]


def test_kinds_part_what_is_reported_of_an_incident() -> None:
    posted = update("u1", 1), update("u2", 2)
    polls = page(incident("i1", *posted[:1])), page(incident("i1", *posted))
    reported = []
    for events in (("new_incident",), ("!new_incident",), ("component_status_change",)):
        memory = Memory(provider(events=events))
        memory.polls(page())
        reported.append([kind for shown in polls for kind in kinds_of(memory.polls(shown))])

    assert reported == [[EventKind.NEW_INCIDENT], [EventKind.INCIDENT_UPDATE], []]


# --- over many polls ---


def test_an_update_that_names_another_component_makes_the_incident_new_from_then_on() -> None:
    memory = Memory(provider(components=("!Web",)))
    memory.polls(page())
    web, api = update("u1", 1, components=("Web",)), update("u2", 2, components=("API",))
    web_again = update("u3", 3, components=("Web",))

    first = memory.polls(page(incident("i1", web)))
    rest = memory.polls(page(incident("i1", web, api, web_again)))

    assert first.pending == ()
    assert [(piece.key, piece.event.event) for piece in rest.pending] == [
        ("i1/u2", "new_incident"),
        ("i1/u3", "incident_update"),
    ]


def test_what_a_filter_left_out_is_not_reported_later_but_the_next_update_is_new() -> None:
    memory = Memory(provider(min_impact=Impact.CRITICAL))
    memory.polls(page())
    memory.polls(page(incident("i1", update("u1", 1), impact=Impact.MINOR)))
    memory.provider = provider()

    assert memory.polls(page(incident("i1", update("u1", 1), impact=Impact.MINOR))).pending == ()
    found = memory.polls(page(incident("i1", update("u1", 1), update("u2", 2), impact=Impact.MINOR)))

    assert kinds_of(found) == [EventKind.NEW_INCIDENT]


def test_a_stricter_filter_holds_for_incidents_that_begin_after_it() -> None:
    memory = Memory()
    memory.polls(page())
    known = incident("i1", update("u1", 1), impact=Impact.MINOR)
    memory.polls(page(known))
    memory.provider = provider(min_impact=Impact.CRITICAL)

    goes_on = replace(known, updates=(*known.updates, update("u2", 2)))
    found = memory.polls(page(goes_on, incident("i2", update("u3", 3), impact=Impact.MINOR)))

    assert reported_of(found) == ["acme/i1/u2"]


def test_a_maintenance_that_nobody_wants_any_more_ends_unheard() -> None:
    memory = Memory()
    memory.polls(page(maintenances=(incident("m1", update("u1", 1, "scheduled")),)))
    memory.provider = provider(maintenance=False)

    shown = incident("m1", update("u1", 1, "scheduled"), update("u2", 2, "in_progress"))

    assert memory.polls(page(maintenances=(shown,))).pending == ()


def test_first_sight_passes_over_an_open_incident_that_a_filter_leaves_out() -> None:
    memory = Memory(provider(min_impact=Impact.MAJOR))
    first = memory.polls(page(incident("i1", update("u1", 1), impact=Impact.MINOR)))
    later = memory.polls(page(incident("i1", update("u1", 1), update("u2", 2), impact=Impact.MAJOR)))

    assert first.pending == ()
    assert kinds_of(later) == [EventKind.NEW_INCIDENT]


def test_an_edit_is_reported_if_the_filters_let_its_incident_pass() -> None:
    def edits(whose: Provider) -> list[str]:
        before, after = (
            page(
                incident("i1", update("u1", 1, body=body), impact=Impact.MINOR),
                maintenances=(incident("m1", update("u2", 2, body=body)),),
            )
            for body in ("We look.", "We looked.")
        )
        _, digests = follow(whose, {}, before, NOON)
        return [str(piece.event.incident_id) for piece in follow(whose, digests, after, NOON)[0]]

    assert edits(provider()) == ["i1", "m1"]
    assert edits(provider(min_impact=Impact.MAJOR)) == ["m1"]
    assert edits(provider(maintenance=False)) == ["i1"]
    assert edits(provider(events=("!update_edited",))) == []


@given(st.lists(snapshots, min_size=1, max_size=4), filters)
def test_nobody_is_reported_of_an_update_of_an_incident_that_was_never_announced(
    shown: list[Snapshot], given_filters: dict[str, object]
) -> None:
    kinds = {key: value for key, value in given_filters.items() if key != "events"}
    memory = Memory(provider(first_sight=FirstSight.ALL, **kinds))
    # One that was shown without updates counts as known: there was nothing to report of it.
    bare = {known.id for snapshot in shown for known in snapshot.incidents if not known.updates}

    events = [piece.event for snapshot in shown for piece in memory.polls(snapshot).pending]

    announced: set[str | None] = set()
    for reported in events:
        if reported.event in {EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE} and reported.incident_id not in bare:
            assert (reported.event is EventKind.INCIDENT_UPDATE) is (reported.incident_id in announced)
            announced.add(reported.incident_id)


@given(st.lists(snapshots, min_size=1, max_size=4), filters)
def test_a_filter_adds_nothing_and_all_that_is_shown_is_seen(
    shown: list[Snapshot], given_filters: dict[str, object]
) -> None:
    everything = Memory(provider(first_sight=FirstSight.ALL))
    some = Memory(provider(first_sight=FirstSight.ALL, **given_filters))

    for snapshot in shown:
        everything.polls(snapshot)
        some.polls(snapshot)
        assert some.before.seen >= {*update_keys(snapshot)}

    assert {*some.reported} <= {*everything.reported}


@given(st.lists(snapshots, min_size=1, max_size=3), filters)
def test_the_same_snapshot_again_brings_nothing_whatever_the_filters(
    shown: list[Snapshot], given_filters: dict[str, object]
) -> None:
    memory = Memory(provider(**given_filters))
    for snapshot in (*shown, shown[-1]):  # an answer that may be an old one is believed the second time
        memory.polls(snapshot)

    again = memory.polls(shown[-1])

    assert (again.pending, again.seen) == ((), ())


# --- filters that match nothing ---

PARTS = tuple(component(name, name=name.capitalize()) for name in ("api", "dashboard", "web"))


def both(whose: Provider, shown: Snapshot) -> tuple[str, ...]:
    """Return what is said of a snapshot, which is what is said of a page whose view it became."""
    view = Memory(provider()).polls(shown).view
    assert unmatched(whose, view) == unmatched(whose, shown)
    return unmatched(whose, shown)


def test_a_glob_that_matches_nothing_is_reported_with_what_there_is() -> None:
    watched = provider(components=("Chatt*", "!Beta", "!web", "API"))

    assert both(watched, page(components=PARTS)) == (
        "components: no component of the page matches 'Chatt*'; it has Api, Dashboard, Web",
        "components: no component of the page matches 'Beta'; it has Api, Dashboard, Web",
    )


def test_what_only_an_incident_names_exists_too() -> None:
    named = incident("i1", update("u1", components=("Beta",)), components=("Chat",))

    assert both(provider(components=("Chat", "!Beta")), page(named, components=PARTS)) == ()


def test_what_an_incident_named_once_is_remembered() -> None:
    memory = Memory(watched := provider(components=("Chat",)))
    memory.polls(page(incident("i1", update("u1"), components=("Chat",)), components=PARTS))

    assert unmatched(watched, memory.polls(page(components=PARTS)).view) == ()


def test_a_list_that_is_empty_or_cut_gives_no_warning() -> None:
    watched = provider(components=("Chat",), regions=("eu",))

    assert both(watched, page()) == ()
    assert both(watched, page(components=PARTS, components_complete=False)) == ()
    assert unmatched(watched, PageView()) == ()


def test_regions_are_compared_where_the_components_have_some() -> None:
    parts = tuple(replace(part, region=region) for part, region in zip(PARTS, ("eu-1", "us-1", None), strict=True))
    named = incident("i1", update("u1"), regions=("asia-1",))

    assert both(provider(regions=("EU-*", "asia-*")), page(named, components=parts)) == ()
    assert both(provider(regions=("mars-*",)), page(named, components=parts)) == (
        "regions: no region of the page matches 'mars-*'; it has asia-1, eu-1, us-1",
    )
    assert both(provider(regions=("mars-*",)), page(named, components=PARTS)) == ()


def test_a_sentence_is_short_and_printable_whatever_the_page_calls_its_components() -> None:
    parts = tuple(component(f"c{i}", name="\x1b[31m\u202e" + "x" * 500) for i in range(50))

    (sentence,) = both(provider(components=("y",)), page(components=(*parts, *PARTS)))

    assert sentence.isprintable()
    assert len(sentence) < 400


def test_many_names_are_cut() -> None:
    parts = tuple(component(f"c{i}") for i in range(9))

    assert both(provider(components=("y",)), page(components=parts))[0].endswith("it has C0, C1, C2, C3, C4, …")


def test_the_poller_warns_once_when_a_filter_begins_to_match_nothing(caplog: pytest.LogCaptureFixture) -> None:
    story = Following(components=("Chat",), regions=("eu",))  # of a page that lists the component API
    story.vendor.posts()
    story.watcher.polls()

    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "filter of acme: components: no component of the page matches 'Chat'; it has API"
    ]


def test_tracker_up_names_filters_that_match_nothing() -> None:
    view = Memory(provider()).polls(page(components=PARTS)).view

    def status(*given_globs: str, of: PageView = view) -> PageHealth:
        return page_health(PageStatus(provider=provider(components=given_globs), state=PageState(), view=of))

    assert filters_summary([]) is filters_summary([status("Api"), status("Chat", of=PageView())]) is None
    assert filters_summary([status("Api"), status("Chat")]) == (
        "filters that match nothing: Acme (components: no component of the page matches 'Chat'; it has Api, "
        "Dashboard, Web)"
    )
    assert str(filters_summary([status(*"abcdefgh")])).endswith("and 3 more")
