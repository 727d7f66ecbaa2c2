"""Simulated pages of each platform, and where a tracker asks for them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.fakes import FakeClock
from tests.internet import Internet, internet
from tests.vendor import Watch
from tracker.model.event import Event
from tracker.model.provider import FirstSight
from tracker.parse import FORMATS
from tracker.simulator import PLATFORMS, Page, SimulatedVendor

HOST = "status.acme.example"
#: An id of the form by which pages of some platforms are found.
PAGE_ID = "5f0c0ffee0ddba11ca11ab1e"
#: Platform and address of a page of a format, where the format is not its platform's only one or where the address
#: says which page it is.
ADDRESSES = {
    "aws-rss": ("aws", "https://status.aws.amazon.com/rss/all.rss"),
    "checkly": ("checkly", f"https://{PAGE_ID}.checkly-status-page.com"),
    "feed": ("statuspage", f"https://{HOST}/history.atom"),
    "salesforce": ("salesforce", f"https://api.status.salesforce.com/v1/instances/{PAGE_ID}/status"),
    "statuspal": ("statuspal", f"https://{PAGE_ID}.statuspal.io"),
}
#: The formats that a simulated vendor speaks; golden answers hold the others.
PLAYED = tuple(name for name in FORMATS if name in PLATFORMS or name in ADDRESSES)


def address(name: str) -> tuple[str, str]:
    """Return the platform of a format, and where a page of it is."""
    platform, url = ADDRESSES.get(name, (name, ""))
    return platform, url or f"https://{PLATFORMS[platform].host or HOST}"


class Played(Watch):
    """A simulated page of a platform, and somebody who polls it over HTTP every 70 seconds."""

    page: Page
    vendor: SimulatedVendor
    net: Internet

    def reported_after(self, *changes: Callable[[], object], polls: int = 1) -> list[Event]:
        """Make some changes, 70 seconds apart; return what so many polls report."""
        for change in changes:
            self.clock.passes(seconds=70)
            change()
        self.reported()
        for _ in range(polls):
            self.clock.passes(seconds=10)
            assert self.polls().failure is None, self.net.asked
        return self.reported()


@contextmanager
def played(name: str, kind: type[Played] = Played) -> Iterator[Played]:
    """Open a page of a format that was not polled before."""
    (platform, url), clock = address(name), FakeClock()
    page = Page("Acme", id=PAGE_ID, platform=platform, clock=clock)
    with SimulatedVendor([page]) as vendor, internet({"*": vendor.url()}) as net:
        watched = kind(clock, net, url=url, format="auto", first_sight=FirstSight.SILENT)
        watched.page, watched.vendor, watched.net = page, vendor, net
        yield watched
