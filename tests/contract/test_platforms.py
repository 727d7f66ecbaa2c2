"""What each platform shows and what a quiet page of it costs: measured, and written in docs/platforms.md."""

import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.played import HOST, PAGE_ID, PLAYED, Played, played
from tracker.model.event import Event, EventKind
from tracker.parse import FORMATS
from tracker.polling.poller import Outcome
from tracker.simulator.render import render

DOCUMENT = Path(__file__).parents[2] / "docs" / "platforms.md"
BEGIN, END = "<!-- platforms: written by tests/contract/test_platforms.py -->\n", "<!-- end of platforms -->\n"
YES, NO = "yes", "no"
#: Of a post each of these is a change of its own on some platform.
REPORTED = {EventKind.NEW_INCIDENT, EventKind.INCIDENT_UPDATE}


class Measured(Played):
    """A simulated page whose polls are measured."""

    def quiet_cost(self) -> tuple[int, int]:
        """Return requests and bytes of bodies of a poll that finds nothing new."""
        while self.reported_after():
            pass
        before = self.vendor.counts(PAGE_ID)
        self.clock.passes(seconds=70)
        poll = self.poller.poll("acme")
        after = self.vendor.counts(PAGE_ID)
        assert poll is not None
        assert poll.outcome is Outcome.QUIET
        if after.not_modified > before.not_modified:
            return after.total - before.total, 0
        asked = {path: times - before.requests.get(path, 0) for path, times in after.requests.items()}
        return after.total - before.total, sum(times * self.size(path) for path, times in asked.items() if times)

    def size(self, path: str) -> int:
        """Return the bytes of what a path answers before compression, whose result differs between its makers."""
        port = urlsplit(self.vendor.url()).netloc
        document = render(self.page.revision, path.replace(port, HOST), f"https://{HOST}")
        assert document is not None
        return len(document.body)


def messages(events: Iterable[Event]) -> list[str | None]:
    return [event.message for event in events if event.event in REPORTED]


def row(watched: Measured) -> tuple[str, ...]:
    """Play a story and return what was reported of it."""
    page = watched.page
    watched.reported_after()
    ids: list[str] = []
    opened = watched.reported_after(
        lambda: ids.append(page.open_incident("Errors", "major", body="We look.", components={"API": "major_outage"}))
    )
    components = bool(watched.view.components)
    once = watched.reported_after(lambda: page.post_update(ids[0], "identified", "It was a cable."))
    twice = watched.reported_after(
        lambda: page.post_update(ids[0], "identified", "We have a new one."),
        lambda: page.post_update(ids[0], "monitoring", "It is in place."),
    )
    resolved = [event.status for _ in range(2) for event in watched.reported_after() if event.event in REPORTED]
    ended = watched.reported_after(lambda: page.resolve(ids[0], "All is well."))
    late = [event for _ in range(2) for event in watched.reported_after()]
    begins = watched.clock.now + timedelta(minutes=3)
    maintenance = watched.reported_after(
        lambda: ids.append(
            page.schedule_maintenance("Upgrade", begins, begins + timedelta(hours=1), "We upgrade.", ["API"])
        )
    )
    maintenance += watched.reported_after(lambda: page.advance_maintenance(ids[1]))
    requests, size = watched.quiet_cost()
    assert not resolved
    return (
        YES if any(event.event is EventKind.NEW_INCIDENT for event in opened) else NO,
        _updates(messages(once), messages(twice)),
        _end(messages(ended), messages(late)),
        YES if components else NO,
        YES if any(event.event is EventKind.MAINTENANCE_UPDATE for event in maintenance) else NO,
        str(requests),
        "0" if size == 0 else f"{size:,}",
    )


def _updates(once: list[str | None], twice: list[str | None]) -> str:
    if not once:
        return NO
    texts = "with text" if once[-1] and "cable" in once[-1] else "status only"
    return texts if len(twice) > 1 else f"{texts}, the newest"


def _end(ended: list[str | None], late: list[str | None]) -> str:
    if ended:
        return "posted"
    return "by absence" if late else NO


def measured(name: str) -> tuple[str, ...]:
    with played(name, Measured) as watched:
        assert isinstance(watched, Measured)
        found = row(watched)
    assert watched.state.source.format == name
    return (FORMATS[name].title, *found)


def table() -> str:
    head = (
        "platform",
        "incidents",
        "updates",
        "end of an incident",
        "components",
        "maintenance",
        "quiet poll: requests",
        "and bytes",
    )
    rows = [measured(name) for name in PLAYED]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, ("---",) * len(head), *rows))


@pytest.fixture(scope="module")
def written() -> str:
    return table()


def test_the_table_of_platforms_is_what_is_measured(written: str) -> None:
    """Set WRITE_PLATFORMS=1 to write it."""
    text = DOCUMENT.read_text()
    before, rest = text.split(BEGIN)
    shown, after = rest.split(END)
    if os.environ.get("WRITE_PLATFORMS"):
        DOCUMENT.write_text(f"{before}{BEGIN}{written}{END}{after}")
        return

    assert shown == written, "write it anew with WRITE_PLATFORMS=1"
