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

#: What no format reads, by the beginning of its name, and why.
UNREAD = {
    "aws/outages-aws-outages__aws_shd_data_": "AWS took data.json down in 2023",
    "gcp/outages-gcp-outages__gcp_incidents_2020_oldschema": "Google gave its incidents ids in 2021",
    "statuspage/outages-github-outages__empty_body_": "an empty body",
    "statuspage/outages-netlify-outages__error_500_body_": "an error message",
    "instatus/inket-stts__mastodonsocial_page_data.json": "a part of a page for people, cut out of it by its recorder",
    "apple/": "one service, cut out of its answer by its recorder",
    "flashduty/bentleypark-aiwatch__deepseek_changes_": "the API wants a key, and the outer object is its recorder's",
    "google-aistudio/": "it is the answer to a POST",
}

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


def ends(bodies: Iterable[bytes], *, answers: int) -> set[tuple[str, str]]:
    """Return (incident id, derived update id) of what so many summaries in a row lack, read without the product.

    To be given answers of which none is older than the one before it.
    """
    found: set[tuple[str, str]] = set()
    newest: dict[str, str] = {}
    missed: dict[str, int] = {}
    for body in bodies:
        document = json.loads(body)
        if not document.keys() >= {"page", "status", "components"}:
            continue
        listed = [*(document.get("incidents") or ()), *(document.get("scheduled_maintenances") or ())]
        missed = {known: missed[known] + 1 for known in missed} | {known["id"]: 0 for known in listed}
        newest |= {
            known["id"]: max(known["incident_updates"], key=lambda update: update["created_at"])["id"]
            for known in listed
        }
        found |= {(known, f"ended/{newest[known]}") for known, count in missed.items() if count == answers}
    return found


def clocks_that_move_on(bodies: Iterable[bytes]) -> list[bytes]:
    """Return the answers but for those with an earlier clock than one before them."""
    found: list[bytes] = []
    latest = ""
    for body in bodies:
        stamp = json.loads(body).get("page", {}).get("updated_at") or ""
        moment = datetime.fromisoformat(stamp).astimezone(UTC).isoformat() if stamp else ""
        if moment >= latest:
            found.append(body)
            latest = moment
    return found


def _compact(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y%m%dT%H%MZ")


def _pairs(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("incidents", "scheduled_maintenances"):
        for incident in document.get(key) or ():
            for update in incident.get("incident_updates") or ():
                yield incident["id"], update["id"]
