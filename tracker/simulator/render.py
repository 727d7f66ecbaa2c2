"""From a revision to the body that a path answers, in the page's flavour. Pure: the same input, the same bytes."""

import json
from typing import Any

from tracker.simulator import feeds, incidentio, statuspage
from tracker.simulator.document import Document, content_type_of
from tracker.simulator.feeds import xml_text
from tracker.simulator.revision import Flavour, Revision

#: Where the links of incidents lead; incident.io writes two slashes.
_INCIDENT_PATHS = ("/incidents/", "//incidents/")
_FEEDS = {"/history.atom": feeds.atom, "/history.rss": feeds.rss}


def render(revision: Revision, path: str, url: str, variation: int = 0) -> Document | None:
    """Return what a page at `url` answers under `path`, None where it has nothing.

    `variation` picks one of the answers that incident.io gives to the same question; Statuspage has one only.
    """
    if path == "/" or path.startswith(_INCIDENT_PATHS):
        text: str | None = _html(revision, url)
    elif revision.flavour is Flavour.INCIDENTIO:
        text = _incidentio(revision, path, url, variation)
    else:
        text = _statuspage(revision, path, url)
    if text is None:
        return None
    return Document(
        body=text.encode(errors="replace"),
        content_type=content_type_of(path),
        modified_at=revision.modified_at,
        has_validators=revision.flavour is Flavour.STATUSPAGE,
    )


def _statuspage(revision: Revision, path: str, url: str) -> str | None:
    if path in statuspage.ANSWERS:
        return _json(statuspage.ANSWERS[path](revision, url))
    return _FEEDS[path](revision, url) if path in _FEEDS else None


def _incidentio(revision: Revision, path: str, url: str, variation: int) -> str | None:
    if path in incidentio.JSON_ANSWERS:
        return _json(incidentio.JSON_ANSWERS[path](revision, url, variation))
    return incidentio.FEEDS[path](revision, url, variation) if path in incidentio.FEEDS else None


def _json(answer: dict[str, Any]) -> str:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


def _html(revision: Revision, url: str) -> str:
    """Return the page for people, which tells programs where the feeds are."""
    rows = "\n".join(f"<li>{xml_text(item.name)}: {item.status.replace('_', ' ')}</li>" for item in revision.components)
    incidents = "\n".join(
        f"<li>{xml_text(item.name)}: {xml_text(item.status)}</li>" for item in feeds.entries(revision)
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{xml_text(revision.name)} Status</title>
<link rel="alternate" type="application/atom+xml" title="Atom" href="{xml_text(url)}/history.atom">
<link rel="alternate" type="application/rss+xml" title="RSS" href="{xml_text(url)}/history.rss">
</head>
<body>
<h1>{xml_text(revision.name)} Status</h1>
<p>{statuspage.status(revision)["description"]}. This page is simulated.</p>
<ul>
{rows}
</ul>
<h2>Incidents</h2>
<ul>
{incidents}
</ul>
</body>
</html>
"""
