"""Rows of a history of many updates, for measurements: what a projection of as many events would write."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tracker.history.answers import ImpactPhase, RecordedIncident
from tracker.history.rows import to_us
from tracker.model.event import Event, EventKind
from tracker.model.page import Impact

PROVIDERS: Final = 1000
PER_INCIDENT: Final = 10
NOW: Final = datetime(2026, 11, 27, 12, tzinfo=UTC)
STATUSES: Final = ("investigating", "identified", "monitoring", "resolved")
IMPACTS: Final = (Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)


def polls() -> Iterator[dict[str, Any]]:
    for number in range(PROVIDERS):
        for day in range(90):
            yield {
                "provider": f"p{number}",
                "day": f"{NOW - timedelta(days=day):%Y-%m-%d}",
                "polls_read": 1440,
                "polls_failed": 3,
            }


def word(chance: random.Random) -> str:
    """Return a word as often as words are used: few all the time, most of them seldom (Zipf)."""
    return spelled(int(chance.paretovariate(0.6)) % 50_000)


def spelled(number: int) -> str:
    """Return a word of its own for each number; such as begin alike are not of one kind."""
    return f"{number * 2654435761 % 2**32:x}x"


def events(updates: int) -> Iterator[Event]:
    """Yield updates, oldest first, over 400 days."""
    chance = random.Random(42)
    texts = [" ".join(word(chance) for _ in range(40)) for _ in range(20_000)]
    for number in range(updates):
        incident = number // PER_INCIDENT
        provider, step = f"p{incident % PROVIDERS}", number % PER_INCIDENT
        at = moment(number, updates)
        yield Event(
            id=f"{provider}/i{incident}/u{number}",
            event=EventKind.NEW_INCIDENT if step == 0 else EventKind.INCIDENT_UPDATE,
            provider=provider,
            provider_name=provider.upper(),
            product=provider.upper(),
            incident_id=f"i{incident}",
            incident=texts[incident % len(texts)][:60],
            update_id=f"u{number}",
            status=STATUSES[min(step // 3, 3)],
            message=texts[number * 7 % len(texts)],
            impact=IMPACTS[incident % 3],
            published_at=at,
            seen_at=at,
        )


def moment(number: int, updates: int) -> datetime:
    return NOW - timedelta(days=400) * (1 - number / updates)


def incidents(updates: int) -> Iterator[RecordedIncident]:
    for incident in range(updates // PER_INCIDENT):
        began, ended = moment(incident * PER_INCIDENT, updates), moment((incident + 1) * PER_INCIDENT, updates)
        impact = IMPACTS[incident % 3]
        yield RecordedIncident(
            provider=f"p{incident % PROVIDERS}",
            provider_name="P",
            incident_id=f"i{incident}",
            title="Requests fail",
            status="resolved",
            impact=impact,
            worst_impact=impact,
            began_at=began,
            first_seen_at=began,
            updated_at=ended,
            ended_at=ended if incident + PROVIDERS < updates // PER_INCIDENT else None,
            phases=(ImpactPhase(since=began, impact=impact),),
            updates=PER_INCIDENT,
        )


def spans(updates: int) -> Iterator[dict[str, Any]]:
    for incident in range(updates // PER_INCIDENT):
        for number, status in enumerate(("partial_outage", "operational")):
            began = moment(incident * PER_INCIDENT + number, updates)
            yield {
                "provider": f"p{incident % PROVIDERS}",
                "component_id": f"c{incident % 7}",
                "began_us": to_us(began),
                "ended_us": to_us(began + timedelta(minutes=20)),
                "name": "API",
                "status": status,
            }
