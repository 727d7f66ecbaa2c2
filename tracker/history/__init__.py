"""The query model of past events, projected from the record, which stays the truth: it can be rebuilt at any time.

Comes in: lines of `updates.jsonl`, and counts of the polls of each page. Goes out: frozen answers about incidents with
their ledgers, component changes, unreadable spans, maintenances, days and full-text search. Knows no HTTP.

The standard library speaks to SQLite, psycopg (extra `postgres`) to PostgreSQL, both by DB-API 2.0 with the same SQL:
commands of the base install need nothing more, and each database has a small `Dialect` of its own.
"""

from tracker.history.answers import (
    ComponentChange,
    Day,
    DayState,
    Feed,
    FeedFilter,
    FeedItem,
    IncidentFilter,
    IncidentLedger,
    IncidentList,
    LedgerEntry,
    ProviderHistory,
    RecordedIncident,
    UnreadableSpan,
    Window,
)
from tracker.history.opening import open_history
from tracker.history.store import History

__all__ = [
    "ComponentChange",
    "Day",
    "DayState",
    "Feed",
    "FeedFilter",
    "FeedItem",
    "History",
    "IncidentFilter",
    "IncidentLedger",
    "IncidentList",
    "LedgerEntry",
    "ProviderHistory",
    "RecordedIncident",
    "UnreadableSpan",
    "Window",
    "open_history",
]
