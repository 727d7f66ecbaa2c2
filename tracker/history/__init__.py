"""The query model of what happened, projected from the record, which stays the truth: it can be recreated at any time.

Comes in: lines of `updates.jsonl`, and how many polls of each page ended how. Goes out: frozen answers about incidents
with their ledgers, component changes, unreadable spans, maintenances, days and full-text search. Knows no HTTP.

SQLite is spoken to through the standard library, PostgreSQL through psycopg (extra `postgres`), both by DB-API 2.0 with
the same SQL: commands of the base install need nothing more, and the two differ in three sentences (`dialects`).
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
