"""A change of meaning against a change of bytes, and several answers of one page as one."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import MIDNIGHT, component, incident, page, update
from tests.strategies import components, snapshots
from tracker.detection.snapshots import components_changed, digest, known_components, merged, projection
from tracker.detection.stand_ins import give_way
from tracker.model.component_names import labels
from tracker.model.page import Component, Impact, Omission, Snapshot


def known(*parts: Component) -> dict[str, Component]:
    return {part.id: part for part in parts}


def test_a_digest_reports_bodies_apart() -> None:
    assert digest(b"one") == digest(b"one") != digest(b"two")


@given(snapshots, st.randoms(use_true_random=False))
def test_order_does_not_change_the_meaning(snapshot: Snapshot, chance) -> None:
    shuffled = {field: list(getattr(snapshot, field)) for field in ("incidents", "maintenances", "components")}
    for entries in shuffled.values():
        chance.shuffle(entries)

    other = msgspec.structs.replace(snapshot, **{field: tuple(entries) for field, entries in shuffled.items()})

    assert projection(other) == projection(snapshot)


@given(snapshots, components())
def test_components_are_no_part_of_the_projection(snapshot: Snapshot, parts: tuple[Component, ...]) -> None:
    assert projection(msgspec.structs.replace(snapshot, components=parts)) == projection(snapshot)


def test_all_else_that_a_page_says_is_part_of_the_projection() -> None:
    plain = page(incident("i1", update("u1")))
    others = [
        page(incident("i1", update("u1")), minute=1),
        page(incident("i1", update("u1")), indicator=Impact.MINOR),
        page(incident("i1", update("u1"), name="Other")),
        page(incident("i1", update("u1", body="Edited"))),
        page(incident("i1", update("u1"), update("u2"))),
        page(maintenances=(incident("i1", update("u1")),)),
        page(),
        msgspec.structs.replace(page(incident("i1", update("u1"))), built="2026-03-04 09:31 UTC"),
        msgspec.structs.replace(page(incident("i1", update("u1"))), built="2026-03-04 10:00 UTC"),
    ]

    assert len({projection(snapshot) for snapshot in (plain, *others)}) == len(others) + 1


def test_a_component_with_another_status_has_changed() -> None:
    before = known(component("api"), component("web"))

    assert components_changed(before, page(components=(component("api"), component("web", "major_outage"))))
    assert not components_changed(before, page(components=(component("web"), component("api"))))


def test_a_component_that_is_gone_is_a_change_only_where_the_list_is_whole() -> None:
    before = known(component("api"), component("web"))

    assert components_changed(before, page(components=(component("api"),)))
    assert not components_changed(before, page(components=(component("api"),), components_complete=False))


def test_an_answer_without_components_changes_none() -> None:
    assert not components_changed(known(component("api")), page())


@given(components(), snapshots)
def test_known_components_are_those_that_compare_as_unchanged(
    before: tuple[Component, ...], snapshot: Snapshot
) -> None:
    dated = tuple(msgspec.structs.replace(each, changed_at=MIDNIGHT) for each in snapshot.components)
    stamped = msgspec.structs.replace(snapshot, components=dated)

    assert not components_changed(known_components(known(*before), snapshot), stamped)
    assert known_components(known(*before), stamped) == known_components(known(*before), snapshot)


def test_components_of_one_name_are_called_by_group_or_region_or_id() -> None:
    parts = [
        component("c1", name="Login", group="Platform"),
        component("c2", name="Login", group="Console", region="eu"),
        component("c3", name="Login"),
        component("c4", name="Compute", group="Cloud", region="eu"),
        component("c5", name="Compute", group="Cloud", region="us"),
        component("c6", name="Mail", group="Platform"),
        component("c7", name="Mail", group="Platform"),
        component("c8", name="Search", group="Platform"),
    ]

    assert list(labels(parts).values()) == [
        "Login (Platform)",
        "Login (Console)",
        "Login (c3)",
        "Compute (eu)",
        "Compute (us)",
        "Mail (c6)",
        "Mail (c7)",
        "Search",
    ]


def test_a_merged_page_lists_all_that_goes_on_where_its_primary_answer_does() -> None:
    assert merged(page(open_only=True), [page()]).open_only
    assert not merged(page(), [page(open_only=True)]).open_only


@given(snapshots)
def test_merging_nothing_changes_nothing(snapshot: Snapshot) -> None:
    assert merged(snapshot, []) == snapshot


@given(snapshots, st.lists(snapshots, max_size=2))
def test_merging_loses_no_update(primary: Snapshot, details: list[Snapshot]) -> None:
    def updates_of(*shown: Snapshot) -> set[tuple[str, str]]:
        return {
            (entry.id, posted.id)
            for snapshot in shown
            for entry in (*snapshot.incidents, *snapshot.maintenances)
            for posted in entry.updates
        }

    assert updates_of(merged(primary, details)) == updates_of(primary, *details)


def test_merged_updates_stand_in_published_order() -> None:
    primary = page(incident("i1", update("u2", 2), update("u4", 4)))
    detail = page(incident("i1", update("u1", 1), update("u3", 3)))

    (joined,) = merged(primary, [detail]).incidents

    assert [posted.id for posted in joined.updates] == ["u1", "u2", "u3", "u4"]


def test_the_primary_answer_wins_unless_a_detail_knows_a_later_update() -> None:
    primary = page(incident("i1", update("u1", 1), name="Primary"))
    same_age = page(incident("i1", update("u1", 1), name="Detail"))
    later = page(incident("i1", update("u1", 1), update("u2", 2, "resolved"), name="Detail"))

    assert merged(primary, [same_age]).incidents[0].name == "Primary"
    assert merged(primary, [later]).incidents[0].name == "Detail"
    assert merged(primary, [later]).incidents[0].status == "resolved"


def test_an_incident_keeps_its_components_when_the_later_answer_names_none() -> None:
    primary = page(incident("i1", update("u1", 1), components=("API",)))
    later = page(incident("i1", update("u1", 1), update("u2", 2)))

    assert merged(primary, [later]).incidents[0].components == ("API",)


def test_the_clock_and_the_components_of_the_primary_answer_stay() -> None:
    primary = page(minute=5, components=(component("api"),))
    detail = page(incident("i1", update("u1")), minute=9, components=(component("web"),))

    both = merged(primary, [detail])

    assert both.updated_at == MIDNIGHT + timedelta(minutes=5)
    assert both.components == primary.components


def test_a_detail_says_how_components_do_that_the_primary_answer_only_names() -> None:
    named = (component("a", "unknown", "Uploads"), component("b", "major_outage"), component("c", "unknown"))
    measured = (component("a", "degraded_performance"), component("b"), component("z", "major_outage"))

    found = merged(page(components=named), [page(components=measured)]).components

    assert [(each.name, each.status) for each in found] == [
        ("Uploads", "degraded_performance"),
        ("B", "major_outage"),
        ("C", "unknown"),
    ]


def test_components_that_only_a_detail_lists_are_that_detail_s() -> None:
    listed = page(components=(component("a"),), components_complete=False)

    found = merged(page(), [page(), listed])

    assert (found.components, found.components_complete) == (listed.components, False)


def test_components_that_an_answer_calls_by_their_ids_have_the_names_of_the_other_answer() -> None:
    named = page(incident("i1", update("u1", components=("Login",)), components=("Login",)), components=(
        component("c1", name="Login"), component("c2", name="Mail"),
    ))  # fmt: skip
    history = page(
        incident("i1", update("u1", components=("c1",)), update("u2", 1), components=("c1", "hidden")),
        incident("i0", update("u0", components=("c2", "hidden")), components=("c2", "hidden")),
        components_by_id=True,
    )

    known = {each.id: each for each in merged(named, [history]).incidents}

    assert known["i1"].components == ("Login",)
    assert [each.components for each in known["i1"].updates] == [("Login",), ()]
    assert (known["i0"].components, known["i0"].updates[0].components) == (("Mail",), ("Mail",))
    assert [each.id for each in known["i0"].mentions] == ["c2"]
    assert merged(history, []).incidents[0].components == ()


def test_an_incident_keeps_the_link_of_the_first_answer() -> None:
    below = "https://status.acme.example/eu/incidents/i1"
    first, second = incident("i1", update("u1"), link=below), incident("i1", update("u1"), update("u2", 1))

    (joined,) = merged(page(first), [page(second)]).incidents

    assert (joined.link, len(joined.updates)) == (below, 2)


def test_what_was_left_out_of_any_answer_was_left_out_of_the_page() -> None:
    lost, odd = Omission(kind="incident", reason="no id"), Omission(kind="component", reason="no object")

    assert merged(page(omissions=(lost,)), [page(omissions=(lost, odd)), page()]).omissions == (lost, odd)


@pytest.mark.parametrize(
    ("newest", "former_keys"), [("resolved", {"i1/u2": ("i1/resolved",)}), ("postmortem", {})], ids=["same", "another"]
)
def test_what_stands_for_updates_of_a_detail_gives_way_as_well(newest: str, former_keys: dict[str, object]) -> None:
    listed = page(incident("i1", update("resolved", status="resolved")), stand_ins=("i1/resolved",))
    detail = page(incident("i1", update("u1"), update("u2", status=newest), status="resolved"))

    found = merged(page(), [listed, detail])

    assert [each.id for each in found.incidents[0].updates] == ["u1", "u2"]
    assert found.former_keys == former_keys


def test_it_gives_way_to_the_answer_with_the_newest_update_whichever_comes_first() -> None:
    listed = msgspec.structs.replace(page(incident("i1", update("now", 9))), stand_ins=("i1/now",))
    older, newer = page(incident("i1", update("u1", 1))), page(incident("i1", update("u1", 1), update("u2", 2)))

    for others in ([older, newer], [newer, older]):
        assert [each.id for each in give_way(listed, others).incidents[0].updates] == ["u1", "u2"]


def test_an_update_that_only_others_like_it_show_stays() -> None:
    listed = msgspec.structs.replace(page(incident("i1", update("now"))), stand_ins=("i1/now",))

    assert [each.id for each in merged(listed, [listed]).incidents[0].updates] == ["now"]
