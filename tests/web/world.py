"""A day in the life of three dozen vendors: what is known of their pages, and what is on record of them."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from tests.goldens import FOLDER
from tracker.assessment import assess
from tracker.history import History, open_history
from tracker.model.event import Event, decode_event
from tracker.model.page import Component, ComponentStatus, Impact
from tracker.model.page_state import PageView
from tracker.model.provider import Provider
from tracker.polling.poll_cost import Savings
from tracker.store.stored_state import StoredState, restored
from tracker.web.now import PageNow

WATCHED_DAYS = 82
NOW = datetime(2026, 11, 27, 3, 12, 40, tzinfo=UTC)
GROUPS = {
    "Cloud and edge": ("Aurora Cloud", "Borealis CDN", "Cirrus Compute", "Delta Edge", "Ember Hosting"),
    "Code and CI": ("Anvil CI", "Bitforge", "Cargo Registry", "Dovetail Git", "Emberlog", "Halyard CI", "Inkwell Docs"),
    "Data": ("Basalt DB", "Confluence Streams", "Dune Warehouse", "Estuary Sync"),
    "Identity and telemetry": ("Argus Metrics", "Beacon Logs", "Keyring SSO", "Lumen Traces"),
    "Messaging": ("Parrot Voice", "Quill Mail", "Relay Push", "Signal Fire"),
    "Payments": ("Abacus Pay", "Copper Cards", "Ledgerline", "Mint Wallets"),
}


def minutes(number: float) -> datetime:
    """Return the moment so many minutes before now."""
    return NOW - timedelta(minutes=number)


def known(
    name: str, group: str | None, view: PageView | None = None, checked_s: float = 12, **state: object
) -> PageNow:
    """Return what is known of a page that was read."""
    provider_id = name.lower().replace(" ", "-")
    given: dict[str, object] = {"seeded": True, "changed_at": minutes(60 * 5), **state}
    provider = Provider(
        id=provider_id,
        name=name,
        url=f"https://status.{provider_id}.example",
        group=group,
        interval_s=30,
        origin="command",
    )
    source = {"format": "statuspage", "primary": "https://example.com"}
    remembered = restored(msgspec.convert({"source": source, **given}, StoredState))
    shown = view or PageView(
        indicator=Impact.NONE, components=_parts(("Website", "operational"), ("API", "operational"))
    )
    checked_at = NOW - timedelta(seconds=checked_s)
    found = assess(provider, remembered, shown, checked_at, NOW)
    return PageNow(
        provider=provider, state=remembered, view=shown, checked_at=checked_at, assessment=found, changed_at=NOW
    )


def pages() -> tuple[PageNow, ...]:
    """Return what is known of all."""
    quiet = [
        known(name, group, checked_s=3 + 7 * (index % 6), changed_at=minutes(60 * (5 + 61 * index)))
        for group, names in GROUPS.items()
        for index, name in enumerate(names)
    ]
    troubled = [
        known(each["name"], each["group"], view and msgspec.convert(view, PageView), each.get("checked_s", 12), **state)
        for each in json.loads((FOLDER / "web" / "pages.json").read_text())
        for view, state in [(each.get("view"), each.get("state", {}))]
    ]
    return (*quiet, *troubled)


def history(directory: Path) -> History:
    """Return the history of what the vendors said."""
    record = Path(shutil.copy(FOLDER / "web" / "updates.jsonl", directory))
    found = open_history(directory)
    found.follow(record)
    for days in range(WATCHED_DAYS, -1, -1):
        polls = {"not_modified": 2880 * (WATCHED_DAYS + 1 - days)}
        counted = Savings(endings=polls, since=NOW - timedelta(days=WATCHED_DAYS))
        found.count_polls({each.provider.id: counted for each in pages()}, NOW - timedelta(days=days))
    return found


def events() -> list[Event]:
    """Return what is on record."""
    return [decode_event(line) for line in (FOLDER / "web" / "updates.jsonl").read_bytes().splitlines()]


def _parts(*named: tuple[str, str]) -> dict[str, Component]:
    return {
        f"{name}-{index}": Component(
            id=f"{name}-{index}",
            name=name.partition("/")[0],
            status=ComponentStatus(status),
            region=name.partition("/")[2] or None,
        )
        for index, (name, status) in enumerate(named)
    }
