"""The recorded time series, where they are at hand: successive answers of one real page."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
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


def _pairs(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("incidents", "scheduled_maintenances"):
        for incident in document.get(key) or ():
            for update in incident.get("incident_updates") or ():
                yield incident["id"], update["id"]
