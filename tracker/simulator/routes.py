"""Finds the site that answers a path: `/<page id>/...`, or any path if there is only one site."""

from dataclasses import dataclass, field

from tracker.simulator.feeds import xml_text
from tracker.simulator.misbehaviour import Script
from tracker.simulator.request_counter import RequestCounter
from tracker.simulator.sites import SimulatedSite


@dataclass(frozen=True, slots=True)
class Stand:
    """A site with its misbehaviour and its request counter."""

    site: SimulatedSite
    script: Script = field(default_factory=Script)
    requests: RequestCounter = field(default_factory=RequestCounter)


@dataclass(frozen=True, slots=True)
class SitePath:
    """The site and the part of it that a path names."""

    stand: Stand
    #: The prefix before the site's own part of the path: empty, or `/<page id>`.
    prefix: str
    #: The site's own part.
    path: str


class Routes:
    """All sites of a server."""

    def __init__(self) -> None:
        """Begin without a site."""
        self._stands: dict[str, Stand] = {}

    def add(self, site: SimulatedSite) -> None:
        """Serve a site. Raises ValueError when its id is taken."""
        if site.id in self._stands:
            raise ValueError(f"two pages with the id {site.id!r}")
        # A new dict, because the server's thread may be reading the old one.
        self._stands = {**self._stands, site.id: Stand(site)}

    def stand(self, page_id: str) -> Stand:
        """Return the site of a page, with its misbehaviour and its counter. Raises LookupError."""
        return self._stands[page_id]

    def find(self, path: str) -> SitePath | None:
        """Return the route of a path, None for a path of no page."""
        page_id, _, rest = path[1:].partition("/")
        if page_id in self._stands:
            return SitePath(self._stands[page_id], f"/{page_id}", f"/{rest}")
        if len(self._stands) == 1:
            return SitePath(next(iter(self._stands.values())), "", path)
        return None

    def listing(self) -> bytes:
        """Return the HTML that lists all pages."""
        links = "\n".join(f'<li><a href="/{xml_text(name)}">{xml_text(name)}</a></li>' for name in self._stands)
        head = '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>Simulated pages</title></head>'
        return f"{head}\n<body>\n<ul>\n{links}\n</ul>\n</body>\n</html>\n".encode()
