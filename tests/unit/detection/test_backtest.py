"""What filters would have made of the past that a page shows."""

from datetime import timedelta

from hypothesis import given

from tests.fakes import NOON, component, incident, page, provider, update
from tests.strategies import snapshots
from tests.unit.model.test_filters import filters
from tracker.detection.backtest import backtest
from tracker.detection.past import past_events
from tracker.model.page import Impact, Incident, Snapshot
from tracker.model.provider import Provider

NOW = NOON + timedelta(days=100)
DAY = 24 * 60


def aged(incident_id: str, *ages_days: float, **fields: object) -> Incident:
    """Return an incident with an update for each age, the oldest first."""
    updates = (update(f"{incident_id}{n}", round((100 - age) * DAY), body="Text.") for n, age in enumerate(ages_days))
    return incident(incident_id, *updates, **fields)


def counts(snapshot: Snapshot, days: int = 90, whose: Provider | None = None) -> tuple[int, int, int, int]:
    past = backtest(whose or provider(), snapshot, days, NOW)
    left_out = sum(each.updates for each in past.left_out)
    return past.new_incidents, past.incident_updates, past.maintenance_updates, left_out


def test_without_filters_all_of_the_days_is_reported() -> None:
    shown = page(aged("a", 3, 2, 1), aged("b", 2), maintenances=(aged("m", 5, 4),))

    assert counts(shown) == (2, 2, 2, 0)


def test_an_incident_that_began_before_the_days_is_not_new_in_them() -> None:
    assert counts(page(aged("a", 95, 89, 88), aged("b", 99, 98)), days=90) == (0, 2, 0, 0)


def test_what_is_left_out_is_named_with_its_filters() -> None:
    whose = provider(components=("!Web",), min_impact=Impact.MAJOR, events=("!incident_update",), maintenance=False)
    shown = page(
        aged("minor", 9, 8, impact=Impact.MINOR, components=("API",)),
        aged("told", 7, 6, impact=Impact.MAJOR),
        aged("web", 5, impact=Impact.CRITICAL, components=("Web",)),
        maintenances=(aged("planned", 4, impact=Impact.MAINTENANCE),),
    )

    past = backtest(whose, shown, 90, NOW)

    assert [(each.incident_id, each.impact, each.updates, each.filters) for each in past.left_out] == [
        ("planned", "maintenance", 1, ("maintenance",)),
        ("web", "critical", 1, ("components",)),
        ("told", "major", 1, ("events",)),
        ("minor", "minor", 2, ("min_impact",)),
    ]
    assert past.left_out[1].components == ("Web",)
    assert counts(shown, whose=whose) == (1, 0, 0, 5)


def test_how_far_back_the_page_reaches() -> None:
    def reach(*ages_days: float, days: int = 90) -> int:
        return backtest(provider(), page(aged("a", *ages_days)), days, NOW).days_shown

    assert [reach(32.5, 1), reach(95, 1), reach(0.1), reach(50, days=30)] == [33, 90, 1, 30]
    nothing = backtest(provider(), page(), 90, NOW)
    assert (nothing.days_shown, nothing.oldest_at) == (0, None)


def test_updates_without_a_date_are_counted_and_distinguished() -> None:
    shown = page(incident("a", update("u1", None), update("u2", None)), aged("b", 95))

    past = backtest(provider(), shown, 90, NOW)

    assert (past.new_incidents, past.incident_updates, past.undated) == (1, 1, 2)


def test_the_status_that_components_have_now_is_not_counted() -> None:
    assert counts(page(components=(component("api", "major_outage"),))) == (0, 0, 0, 0)


@given(snapshots, filters)
def test_every_update_is_either_reported_or_left_out(shown: Snapshot, given_filters: dict[str, object]) -> None:
    everything = sum(counts(shown, days=3650))

    assert counts(shown, days=3650)[3] == 0
    assert sum(counts(shown, days=3650, whose=provider(**given_filters))) == everything


def test_the_past_of_a_page_is_seen_as_it_was_published_and_ends_where_no_update_says_so() -> None:
    shown = page(
        aged("silent", 9, 8, status="resolved"), aged("on", 7), maintenances=(aged("m", 6, status="completed"),)
    )

    past = past_events(provider(), shown, NOW)

    found = [(event.incident_id, event.event.value, event.status) for event in past]
    assert [event.seen_at for event in past] == [event.published_at for event in past]
    assert [each[:2] for each in found] == [
        ("silent", "new_incident"),
        ("silent", "incident_update"),
        ("silent", "incident_update"),
        ("on", "new_incident"),
        ("m", "maintenance_update"),
        ("m", "maintenance_update"),
    ]
    assert (found[2][2], found[5][2]) == ("resolved", "completed")
    assert [event.message for event in past] == ["Text.", "Text.", None, "Text.", "Text.", None]
    assert len({event.id for event in past}) == len(past)


@given(snapshots)
def test_the_past_of_any_page_is_in_order_and_each_event_is_one(snapshot: Snapshot) -> None:
    past = past_events(provider(), snapshot, NOW)

    assert sorted(event.seen_at for event in past) == [event.seen_at for event in past]
    assert len({event.id for event in past}) == len(past)
