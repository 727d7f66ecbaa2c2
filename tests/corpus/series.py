"""The recorded time series, where they are at hand: successive answers of one real page."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
_PLATFORMS = ("statuspage", "incidentio", "statuspage-feed")
#: `name.s01.<time>.<commit>.json`, and `name_<time>.json`.
_STEP = re.compile(r"(?P<series>.+?)(\.s\d\d\..*|_\d{8}T\d{6}Z\.json)")

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded pages are not beside this checkout")


def series() -> dict[str, list[Path]]:
    """Return the files of each series of a platform that is read today, oldest first, by a name."""
    found: dict[str, list[Path]] = defaultdict(list)
    for platform in _PLATFORMS:
        for file in sorted((CORPUS / platform).glob("*")):
            if step := _STEP.fullmatch(file.name):
                found[f"{platform}/{step['series']}"].append(file)
    return {name: files for name, files in found.items() if len(files) > 1}


def pairs(body: bytes) -> set[tuple[str, str]]:
    """Return the (incident id, update id) pairs of a Statuspage answer, read without the product."""
    return set(_pairs(json.loads(body)))


def moves(bodies: Iterable[bytes]) -> set[tuple[str, str]]:
    """Return (maintenance id, derived update id) of each window that moved without an update, read without the product.

    To be given answers of which none is older than the one before it.
    """
    found: set[tuple[str, str]] = set()
    windows: dict[str, tuple[str, str]] = {}
    seen: set[tuple[str, str]] = set()
    for body in bodies:
        for known in json.loads(body).get("scheduled_maintenances") or ():
            window = (_compact(known["scheduled_for"]), _compact(known["scheduled_until"]))
            updates = {(known["id"], update["id"]) for update in known["incident_updates"]}
            moved = windows.get(known["id"], window) != window
            windows[known["id"]] = window
            if moved and updates <= seen and known["status"] != "completed":
                found.add((known["id"], f"window/{'-'.join(window)}"))
            seen |= updates
    return found


def _compact(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y%m%dT%H%MZ")


def _pairs(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("incidents", "scheduled_maintenances"):
        for incident in document.get(key) or ():
            for update in incident.get("incident_updates") or ():
                yield incident["id"], update["id"]
