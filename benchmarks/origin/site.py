"""What an origin serves: a Statuspage's summary of the size that large vendors have, and a feed of about that size.

Everything is a file, so that any server can serve it: one set for all pages, and a folder for each page that changed.
"""

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

#: Components of a page; with these a summary is about as large as those of large vendors (170 KB).
COMPONENTS: Final = 375
#: Entries of the feed, as many as Statuspage shows; with the text of each it is about as large as the summary.
ENTRIES: Final = 25
_SENTENCES_PER_COMPONENT: Final = 0.28
#: What a Statuspage serves below a page's path; the last one shows that a page has changed.
DOCUMENTS: Final = ("incidents.json", "scheduled-maintenances.json", "summary.json")
FEED: Final = "feed.xml"
QUIET_SINCE: Final = datetime(2026, 1, 1, tzinfo=UTC)
#: Where each page is, below an origin's address.
SUMMARY_PATH: Final = "/{page}/api/v2/summary.json"
FEED_PATH: Final = "/{page}/feed.xml"


def page_name(number: int) -> str:
    """Return the name of a page, which is its provider's id, too."""
    return f"p{number}"


class Site:
    """The files in one directory."""

    def __init__(self, directory: Path, components: int = COMPONENTS) -> None:
        self.directory = directory
        self._changed = directory / "changed"
        self._template = directory / "template"
        self._changed.mkdir(parents=True)
        self._template.mkdir()
        _write(directory, statuspage((), components=components), QUIET_SINCE)
        _write(directory, {FEED: feed(components)}, QUIET_SINCE)
        now = datetime.now(UTC)
        _write(self._template, statuspage((incident(now),), now, components), now)

    def change(self, page: str) -> None:
        """Open an incident on a page, from one moment to the next."""
        folder = self._changed / page
        folder.mkdir()
        for name in DOCUMENTS:
            # What is served compressed first: servers look for the plain file to know whether there is one.
            for link in (f"{name}.gz", name):
                os.link(self._template / link, folder / link)


def statuspage(
    incidents: tuple[dict[str, Any], ...], updated_at: datetime = QUIET_SINCE, components: int = COMPONENTS
) -> dict[str, bytes]:
    """Return the documents of a page by name."""
    page = {
        "id": "bench",
        "name": "Bench",
        "url": "http://bench.invalid",
        "time_zone": "UTC",
        "updated_at": _stamp(updated_at),
    }
    summary = {
        "page": page,
        "components": [_component(number) for number in range(components)],
        "incidents": incidents,
        "scheduled_maintenances": [],
        "status": {"indicator": "minor" if incidents else "none", "description": "Status"},
    }
    details: dict[str, Any] = {"page": page, "incidents": incidents}
    maintenances: dict[str, Any] = {"page": page, "scheduled_maintenances": []}
    return {
        name: json.dumps(document).encode()
        for name, document in zip(DOCUMENTS, (details, maintenances, summary), strict=True)
    }


def _component(number: int) -> dict[str, Any]:
    return {
        "id": f"c{number:011d}",
        "name": f"Region {number} - Compute",
        "status": "operational",
        "created_at": _stamp(QUIET_SINCE),
        "updated_at": _stamp(QUIET_SINCE),
        "position": number,
        "description": "Virtual machines, their disks and their networks in this region." * 2,
        "showcase": False,
        "start_date": None,
        "group_id": None,
        "page_id": "bench",
        "group": False,
        "only_show_if_degraded": False,
    }


def incident(at: datetime) -> dict[str, Any]:
    """Return an open incident with one update."""
    times = {"created_at": _stamp(at), "updated_at": _stamp(at)}
    update = {
        "id": "u1",
        "status": "investigating",
        "body": "Requests fail.",
        "incident_id": "i1",
        "display_at": _stamp(at),
        "affected_components": None,
        **times,
    }
    return {
        "id": "i1",
        "name": "Errors",
        "status": "investigating",
        "impact": "minor",
        "shortlink": "http://bench.invalid/i1",
        "started_at": _stamp(at),
        "page_id": "bench",
        "resolved_at": None,
        "incident_updates": [update],
        "components": [],
        **times,
    }


def feed(components: int = COMPONENTS) -> bytes:
    """Return an Atom feed (RFC 4287) about as large as the summary of a page with so many components."""
    stamp = _stamp(QUIET_SINCE)
    text = "Virtual machines, their disks and their networks in this region. " * round(
        components * _SENTENCES_PER_COMPONENT
    )
    entries = "".join(
        f"<entry><id>urn:bench:{number}</id><title>Incident {number}</title><updated>{stamp}</updated>"
        f'<link href="http://bench.invalid/{number}"/><content type="html">{text}</content></entry>\n'
        for number in range(ENTRIES)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>urn:bench</id><title>Bench</title><updated>{stamp}</updated>\n{entries}</feed>\n"
    ).encode()


def _write(directory: Path, documents: dict[str, bytes], modified_at: datetime) -> None:
    for name, content in documents.items():
        for path, data in ((directory / name, content), (directory / f"{name}.gz", gzip.compress(content))):
            path.write_bytes(data)
            os.utime(path, (modified_at.timestamp(), modified_at.timestamp()))


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
