"""A simulated platform: the software of a page, and its answers by path."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from tracker.simulator.feeds import entries, xml_text
from tracker.simulator.revision import Revision

Json = dict[str, Any]
#: (revision, address of the page, variation) -> a text, bytes, or a value to be written as JSON. `variation` counts the
#: answers, for platforms whose answers differ although nothing is new.
Answer = Callable[[Revision, str, int], Any]


def timestamp(moment: datetime, zone: str = "Etc/UTC") -> str:
    """Return a moment in a zone, in milliseconds."""
    text = moment.astimezone(ZoneInfo(zone)).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def number(key: str) -> int:
    """Return the number of an id, for platforms that count."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16)


def page_for_people(revision: Revision, url: str, head: str = "") -> str:
    """Return the HTML page; `head` is added to its head behind the title."""
    rows = "\n".join(f"<li>{xml_text(item.name)}: {item.status.replace('_', ' ')}</li>" for item in revision.components)
    incidents = "\n".join(f"<li>{xml_text(item.name)}: {xml_text(item.status)}</li>" for item in entries(revision))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{xml_text(revision.name)} Status</title>
<link rel="canonical" href="{xml_text(url)}/">
{head}
</head>
<body>
<h1>{xml_text(revision.name)} Status</h1>
<p>This page is simulated.</p>
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """The software of a page."""

    #: The name of the format that reads its answers, or of none.
    name: str
    #: By path; `{page_id}` and `{host}` are the page's.
    answers: Mapping[str, Answer]
    #: (revision, address) -> the HTML page for people.
    html: Callable[[Revision, str], str] = page_for_people
    #: Paths of that page; a path that ends in `/` includes all paths below it.
    html_paths: tuple[str, ...] = ("/",)
    #: Whether every other path answers that page as well, with status 200.
    answers_everything: bool = False
    #: Some platforms send neither ETag nor Last-Modified.
    has_validators: bool = True
    #: Whether answers differ although nothing is new.
    varies: bool = False
    #: The host of a platform that one vendor alone runs; None for software that many vendors run.
    host: str | None = None

    def body(self, revision: Revision, path: str, url: str, variation: int) -> bytes | None:
        """Return the answer of a path, None for a path without one."""
        found = self._answer(revision, path, url)
        if found is None:
            is_html = self.answers_everything or self._is_html(path)
            return _encoded(self.html(revision, url)) if is_html else None
        answer = found(revision, url, variation)
        if isinstance(answer, bytes):
            return answer
        if not isinstance(answer, str):
            answer = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        return _encoded(answer)

    def is_html(self, revision: Revision, path: str, url: str) -> bool:
        """Return whether a path leads to the HTML page."""
        return self._answer(revision, path, url) is None

    def _answer(self, revision: Revision, path: str, url: str) -> Answer | None:
        if path in self.answers:
            return self.answers[path]
        for template, answer in self.answers.items():
            if "{" in template and path == template.format(page_id=revision.page_id, host=urlsplit(url).netloc):
                return answer
        return None

    def _is_html(self, path: str) -> bool:
        return any(
            path == known or (known != "/" and known.endswith("/") and path.startswith(known))
            for known in self.html_paths
        )


def _encoded(text: str) -> bytes:
    return text.encode(errors="replace")
