"""A single process that polls all pages with asyncio and aiohttp, and keeps what it knows in memory.

    python monolith.py URLS [--concurrency 64]

The design that one would write first: a task for each page, one session, conditional requests, a set of the updates
that were seen, a print for each new one. It forgets all of it when it ends.
"""

import argparse
import asyncio
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp


@dataclass
class Page:
    """What is known of one page."""

    url: str
    etag: str | None = None
    last_modified: str | None = None
    #: Ids of incidents and updates that were printed, or were there at the first look.
    seen: set[tuple[str, str]] = field(default_factory=set)
    known: bool = False

    def conditions(self) -> dict[str, str]:
        """Return the headers of a conditional request."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value}

    def new_lines(self, document: dict[str, Any]) -> list[str]:
        """Return a line for each update that was not seen before."""
        lines = []
        for incident in document["incidents"]:
            for update in incident["incident_updates"]:
                key = (incident["id"], update["id"])
                if key not in self.seen:
                    self.seen.add(key)
                    lines.append(f"{update['created_at']} {self.url} {incident['name']}: {update['status']}")
        return lines if self.known else []


async def check(session: aiohttp.ClientSession, page: Page) -> None:
    """Ask a page once, and print what is new."""
    async with session.get(page.url, headers=page.conditions()) as answer:
        if answer.status == 304:
            return
        answer.raise_for_status()
        document = await answer.json()
        page.etag, page.last_modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
    for line in page.new_lines(document):
        print(line)
    page.known = True


async def poll(session: aiohttp.ClientSession, page: Page, places: asyncio.Semaphore) -> None:
    """Ask a page again and again; a failure is tried again like everything else."""
    while True:
        async with places:
            try:
                await check(session, page)
            except (aiohttp.ClientError, TimeoutError) as error:
                print(f"{page.url}: {error}")


async def watch(urls: list[str], concurrency: int, ca_file: str | None) -> None:
    """Poll all pages until this process is ended."""
    context = ssl.create_default_context(cafile=ca_file)
    connector = aiohttp.TCPConnector(limit=concurrency, ssl=context)
    timeout = aiohttp.ClientTimeout(total=20)
    places = asyncio.Semaphore(concurrency)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        await asyncio.gather(*(poll(session, Page(url), places) for url in urls))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("urls", type=Path)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--ca-file")
    options = parser.parse_args()
    asyncio.run(watch(options.urls.read_text().split(), options.concurrency, options.ca_file))


if __name__ == "__main__":
    main()
