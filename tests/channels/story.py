"""Alerts as the machine would report them, for all channels alike."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from tracker.alerting.channel import AlertEntry, Message, Operation, Severity

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
KEY = "acme/inc-1#1"
LINK = "https://status.acme.example/incidents/inc-1"


def message(act: Operation = Operation.OPEN, version: int = 1, **changes: object) -> Message:
    """Return a message of the one alert."""
    plain = Message(
        act=act,
        key=KEY,
        version=version,
        title="Errors in the API",
        provider_id="acme",
        provider_name="Acme",
        kind="incident",
        severity=Severity.WARNING,
        impact="minor",
        status="investigating",
        text="alpha",
        updates=(entry(1, "alpha"),),
        components=("API", "Webhooks"),
        link=LINK,
        started_at=NOON,
    )
    return replace(plain, **changes)


def entry(number: int, text: str, status: str = "investigating", **changes: object) -> AlertEntry:
    """Return an update, so many minutes after the begin."""
    plain = AlertEntry(id=f"acme/inc-1/u{number}", at=NOON + timedelta(minutes=number), status=status, text=text)
    return replace(plain, **changes)


#: One incident: four updates, the fourth worse, and the end.
TEXTS = ("alpha", "bravo", "charlie", "delta", "echo")


def life(key: str = KEY) -> Sequence[Message]:
    """Return the messages of one incident, from its begin to its end."""
    entries = (
        entry(1, "alpha"),
        entry(2, "bravo"),
        entry(3, "charlie", "identified"),
        entry(4, "delta", "identified", is_worse=True),
        entry(5, "echo", "resolved"),
    )
    first = message(key=key, version=1, updates=entries[:1])
    messages = [first]
    for position, newest in enumerate(entries[1:], start=2):
        is_last = position == len(entries)
        messages.append(
            replace(
                first,
                act=Operation.CLOSE if is_last else Operation.CHANGE,
                version=position,
                status=newest.status,
                text=newest.text,
                severity=Severity.CRITICAL if position >= 4 else Severity.WARNING,
                updates=entries[:position],
                ended_at=newest.at if is_last else None,
            )
        )
    return messages
