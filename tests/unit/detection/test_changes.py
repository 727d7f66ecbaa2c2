"""What is new: decided from values alone."""

from datetime import timedelta
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fakes import NOON, component, incident, page, provider, update
from tests.strategies import components, snapshots
from tracker.detection.changes import Changes, changes
from tracker.detection.comparison import Before
from tracker.detection.keys import keys, update_key
from tracker.model.event import EventKind
from tracker.model.keys import key_of_update
from tracker.model.page import Component, Impact, Incident, Snapshot
from tracker.model.provider import FirstSight, Provider

ACME = provider()


class Memory:
    """What a store would remember between the polls of one page."""

    def __init__(self, whose: Provider = ACME) -> None:
        self.provider = whose
        self.before = Before(seeded=False)
        self.reported: list[str] = []
        self.now = NOON

    def polls(self, snapshot: Snapshot) -> Changes:
        found = changes(self.provider, self.before, snapshot, self.now)
        reported = [pending.key for pending in found.pending if pending.key is not None]
        self.reported += reported
        self.before = Before(
            seeded=True,
            view=found.view,
            seen=self.before.seen.union(reported, found.seen),
            revision=self.before.revision + 1,
        )
        return found


def reported_of(found: Changes) -> list[str]:
    return [pending.event.id for pending in found.pending]


def kinds_of(found: Changes) -> list[EventKind]:
    return [pending.event.event for pending in found.pending]


def update_keys(snapshot: Snapshot) -> list[str]:
    return [
        update_key(known, posted) for known in (*snapshot.incidents, *snapshot.maintenances) for posted in known.updates
    ]


# --- first sight ---


def test_history_that_an_endpoint_shows_for_the_first_time_is_not_reported() -> None:
    memory = Memory()
    memory.polls(page(incident("open", update("u1", 1))))
    late = page(
        incident("open", update("u1", 1), update("u2", 9, "resolved")),
        incident("old", update("u0", -99), status="resolved"),
    )

    found = changes(ACME, replace(memory.before, history=frozenset({"open", "old"})), late, NOON)

    assert reported_of(found) == ["acme/open/u2"], "of a known incident all is told, of an unknown one what is open"
    assert "old/u0" in found.seen


# --- updates ---


def test_an_entry_that_stands_in_two_lists_is_reported_once() -> None:
    both = incident("i1", update("u1", 1))
    memory = Memory()
    memory.polls(page())

    assert reported_of(memory.polls(page(both, maintenances=(both,)))) == ["acme/i1/u1"]


@given(st.lists(snapshots, min_size=1, max_size=5), st.sampled_from(FirstSight))
def test_each_update_after_the_baseline_is_reported_exactly_once(
    shown: list[Snapshot], first_sight: FirstSight
) -> None:
    memory = Memory(provider(first_sight=first_sight))

    memory.polls(shown[0])
    reported_at_first_sight = set(memory.reported)
    for snapshot in shown[1:]:
        memory.polls(snapshot)

    baseline = set(update_keys(shown[0]))
    later = {*chain(*map(update_keys, shown[1:]))}
    assert len(memory.reported) == len(set(memory.reported))
    assert (set(memory.reported) - reported_at_first_sight) & (later | baseline) == later - baseline
    announced = {key_of_update(known.id, f"status/{known.status}") for known in shown[0].entries}
    assert reported_at_first_sight <= baseline | announced


@given(snapshots, snapshots)
def test_updates_of_one_incident_are_reported_in_published_order(first: Snapshot, second: Snapshot) -> None:
    memory = Memory()
    memory.polls(first)

    reported = [pending.key for pending in memory.polls(second).pending if pending.key is not None]

    for known in (*second.incidents, *second.maintenances):
        expected = [key for posted in known.updates if (key := update_key(known, posted)) in reported]
        assert [key for key in reported if key in expected] == expected


@given(snapshots)
def test_the_same_snapshot_again_brings_nothing(snapshot: Snapshot) -> None:
    memory = Memory()
    memory.polls(snapshot)
    view = memory.before.view

    again = memory.polls(snapshot)

    assert again == Changes(view=view)


@given(st.lists(snapshots, min_size=2, max_size=4))
def test_keys_are_all_that_a_comparison_has_to_know(shown: list[Snapshot]) -> None:
    memory = Memory()
    for snapshot in shown[:-1]:
        memory.polls(snapshot)
    known_of = memory.before.seen.intersection(keys(shown[-1]))
    narrow = Before(seeded=True, view=memory.before.view, seen=known_of, revision=memory.before.revision)

    assert changes(ACME, narrow, shown[-1], NOON) == changes(ACME, memory.before, shown[-1], NOON)


# --- times ---


def test_several_updates_of_several_incidents_between_two_polls_are_reported_in_published_order() -> None:
    memory = Memory()
    memory.polls(page())

    found = memory.polls(
        page(
            incident("i2", update("b1", 2), update("b2", 5)),
            incident("i1", update("a1", 1), update("a2", 3), update("a3", 9, "resolved")),
            maintenances=(incident("m1", update("c1", 4, "in_progress")),),
        )
    )

    assert [pending.event.update_id for pending in found.pending] == ["a1", "b1", "a2", "c1", "b2", "a3"]


# --- components ---


def test_a_component_of_a_list_that_is_cut_is_distinguished_from_one_outside_it() -> None:
    memory = Memory()
    memory.polls(page(components=(component("c1", name="Login"),), components_complete=False))

    found = memory.polls(page(components=(component("c2", "partial_outage", name="Login"),), components_complete=False))

    assert [pending.event.product for pending in found.pending] == ["Acme - Login (c2)"]


@given(components(), st.randoms(use_true_random=False))
def test_component_changes_stand_in_one_order_whatever_the_order_of_the_list(parts, chance) -> None:
    shuffled = list(parts)
    chance.shuffle(shuffled)

    assert reported_of(Memory().polls(page(components=parts))) == reported_of(
        Memory().polls(page(components=tuple(shuffled)))
    )


def test_an_event_of_a_component_names_its_region() -> None:
    found = Memory().polls(page(components=(component("c1", "major_outage", region="eu-west-1"),)))

    assert [pending.event.regions for pending in found.pending] == [("eu-west-1",)]


def test_a_component_change_after_the_memory_was_lost_has_another_id() -> None:
    out = (component("api", "major_outage"),)
    (before,) = reported_of(Memory().polls(page(components=out, minute=1)))
    (after,) = reported_of(Memory().polls(page(components=out, minute=99)))

    assert before != after, "the record would take it for the one that it holds already"


# --- events ---


def test_the_product_names_provider_and_components() -> None:
    memory = Memory(provider(name="OpenAI", id="openai"))
    memory.polls(page())
    shown = page(
        incident("i1", update("u1", 1), components=("Chat", "API")),
        incident("i2", update("u2", 2)),
        incident("i3", update("u3", 3, components=("API",)), components=("Chat", "API")),
    )

    products = [pending.event.product for pending in memory.polls(shown).pending]

    assert products == ["OpenAI - Chat, API", "OpenAI", "OpenAI - API"]


def test_an_event_says_what_the_page_says() -> None:
    memory = Memory()
    memory.polls(page())
    posted = update("u1", 1, "identified", body="Found it.", components=("API",))
    known = incident("i1", posted, name="Slow", impact=Impact.MAJOR, link="https://x.example/i1", components=("Web",))

    (pending,) = memory.polls(page(known)).pending

    reported = pending.event
    assert (reported.id, reported.provider, reported.provider_name) == ("acme/i1/u1", "acme", "Acme")
    assert (reported.incident_id, reported.incident, reported.update_id) == ("i1", "Slow", "u1")
    assert (reported.status, reported.message, reported.impact) == ("identified", "Found it.", "major")
    assert (reported.components, reported.link) == (("API",), "https://x.example/i1")
    assert (reported.published_at, reported.seen_at) == (posted.created_at, NOON)


def test_an_event_carries_the_word_of_a_localised_page_the_regions_and_the_window() -> None:
    memory = Memory()
    memory.polls(page())
    until = NOON + timedelta(hours=2)
    posted = update("u1", 1, "completed", vendor_status="Concluído")
    planned = incident("m1", posted, regions=("eu", "us"), scheduled_for=NOON, scheduled_until=until)

    shown = page(incident("i1", update("u2", 2)), maintenances=(planned,))
    of_maintenance, of_incident = (pending.event for pending in memory.polls(shown).pending)

    assert (of_maintenance.status, of_maintenance.vendor_status) == ("completed", "Concluído")
    assert of_maintenance.regions == ("eu", "us")
    assert (of_maintenance.scheduled_for, of_maintenance.scheduled_until) == (NOON, until)
    assert (of_incident.vendor_status, of_incident.regions) == (None, ())
    assert (of_incident.scheduled_for, of_incident.scheduled_until) == (None, None)


def test_an_update_concerns_its_own_regions_and_those_of_its_incident_where_it_names_none() -> None:
    memory = Memory()
    memory.polls(page())
    posted = (update("u1", 1, regions=("eu",)), update("u2", 2, regions=("eu", "us")), update("u3", 3, "resolved"))

    found = memory.polls(page(incident("i1", *posted, regions=("us", "asia"))))

    assert [pending.event.regions for pending in found.pending] == [("eu",), ("eu", "us"), ("us", "asia")]


def test_a_message_that_is_empty_is_absent() -> None:
    memory = Memory()
    memory.polls(page())

    (pending,) = memory.polls(page(incident("i1", update("u1", body="")))).pending

    assert pending.event.message is None


# --- the view ---


def test_the_view_holds_what_is_open_now() -> None:
    memory = Memory()
    open_now: Incident = incident("i1", update("u1", 1), update("u2", 2, "identified"), impact=Impact.MINOR)
    over = incident("i2", update("u3", 3, "resolved"))
    planned = incident("m1", update("u4", 4, "scheduled"))
    begun = incident("m2", update("u5", 5, "in_progress"))

    view = memory.polls(page(open_now, over, maintenances=(planned, begun))).view

    assert [known.id for known in view.open_incidents] == ["i1"]
    assert (view.open_incidents[0].status, view.open_incidents[0].updated_at) == (
        "identified",
        open_now.updates[-1].created_at,
    )
    assert [known.id for known in view.open_maintenances] == ["m2"]


def test_the_view_keeps_the_name_of_a_page_that_stops_to_say_it() -> None:
    memory = Memory()
    memory.polls(page(name="Acme Inc."))

    assert memory.polls(page(name=None)).view.name == "Acme Inc."


def test_the_view_follows_the_word_of_the_page() -> None:
    memory = Memory()
    memory.polls(page(indicator=Impact.MAJOR))

    assert memory.polls(page(indicator=None)).view.indicator is None
    assert memory.polls(page(indicator=Impact.MINOR)).view.indicator is Impact.MINOR


BEGUN = incident("m1", update("u1", status="in_progress"), impact=Impact.MAINTENANCE)
WORKS, PARTIAL, UPKEEP = component("api"), component("api", "partial_outage"), component("web", "under_maintenance")


def bad(impact: Impact | None, status: str = "investigating") -> Incident:
    return incident("i1", update("u1", status=status), impact=impact)


#: What a page says by its indicator, its components, incidents and maintenances, and how bad it is.
CONTRADICTIONS: dict[str, tuple[Impact | None, list[Component], list[Incident], list[Incident], Impact | None]] = {
    "nothing said": (None, [], [], [], None),
    "a component that the indicator passes over": (Impact.NONE, [PARTIAL], [], [], Impact.MAJOR),
    "an incident that both pass over": (Impact.NONE, [WORKS], [bad(Impact.MINOR)], [], Impact.MINOR),
    "an indicator that incidents and components pass over": (Impact.CRITICAL, [WORKS], [], [], Impact.CRITICAL),
    "an incident whose impact is not said": (Impact.NONE, [], [bad(None)], [], Impact.MINOR),
    "an incident without impact": (None, [], [bad(Impact.NONE)], [], Impact.NONE),
    "an incident that is over": (None, [], [bad(Impact.MAJOR, "resolved")], [], None),
    "a component whose status is not known": (None, [component("api", "unknown")], [], [], None),
    "a component under maintenance": (Impact.NONE, [WORKS, UPKEEP], [], [], Impact.MAINTENANCE),
    "a maintenance that runs": (Impact.NONE, [], [], [BEGUN], Impact.MAINTENANCE),
    "one that is called critical": (None, [], [], [replace(BEGUN, impact=Impact.CRITICAL)], Impact.MAINTENANCE),
    "one that has not begun": (Impact.NONE, [], [], [replace(BEGUN, status="scheduled")], Impact.NONE),
    "a maintenance beside an incident": (None, [], [bad(Impact.MINOR)], [BEGUN], Impact.MINOR),
}


@pytest.mark.parametrize("case", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_a_page_is_as_bad_as_the_worst_of_what_it_says(case) -> None:
    indicator, parts, incidents, maintenances, impact = case
    shown = page(*incidents, indicator=indicator, components=tuple(parts), maintenances=tuple(maintenances))

    assert Memory().polls(shown).view.impact is impact


def test_impaired_components_stand_in_one_order() -> None:
    parts = (component("b", "major_outage", name="Web"), component("a", "partial_outage", name="api"))

    assert [part.id for part in Memory().polls(page(components=parts)).view.impaired_components] == ["a", "b"]


def test_the_view_holds_what_is_planned_and_its_window() -> None:
    planned = replace(BEGUN, status="scheduled", scheduled_for=NOON, scheduled_until=NOON + timedelta(hours=2))

    (known,) = Memory().polls(page(maintenances=(planned,))).view.planned_maintenances

    assert (known.id, known.scheduled_for, known.scheduled_until) == ("m1", NOON, NOON + timedelta(hours=2))
