"""A status page that is given up and leads to its vendor's site: what it showed stays, and stays unknown."""

from collections.abc import Callable, Mapping

import pytest

from tests.fakes import FakeFetcher, incident, incidents_json, page, provider, summary, update
from tests.unit.parse.test_feed_subject import feed
from tests.vendor import INCIDENTS, SITE, SUMMARY, Watch
from tracker.detection.readability import UNREADABLE_AFTER
from tracker.polling.discovery import discover
from tracker.polling.poller import Outcome

POSTS = [("Our new partners", "Read more."), ("Five tips for better invoices",), ("We are hiring",)]

HOME = "https://www.acme.example"
BLOG, STATUS_FEED = (
    feed("The Acme blog", *POSTS),
    feed("Acme", ("Search down", "<b>Status: Investigating</b><br/>Looking.")),
)
#: Addresses that are asked of a page of any platform.
ASKED = ("", "/api/v2/summary.json", "/history.atom", "/feed.atom", "/feed.rss", "/history.rss")


def html(*feeds: str) -> str:
    links = "".join(f'<link rel="alternate" type="application/rss+xml" href="{url}">' for url in feeds)
    return f"<!doctype html><html><head><title>Acme</title>{links}</head><body>Invoices made easy.</body></html>"


class Watched(Watch):
    """A Statuspage with an open incident that was read once."""

    def shows_an_incident(self) -> None:
        shown = page(incident("i1", update("u1"), name="Search down"))
        self.fetcher.answers(SUMMARY, summary(shown))
        self.fetcher.answers(INCIDENTS, incidents_json(shown))

    def outcomes(self, polls: int = 1) -> list[Outcome]:
        return [self.polls().outcome for _ in range(polls)]

    @property
    def kinds(self) -> list[str]:
        return [str(event.event) for event in self.pages.events]


@pytest.fixture
def watched() -> Watched:
    acme = Watched()
    acme.shows_an_incident()
    acme.outcomes()
    assert acme.kinds == ["new_incident"]
    return acme


def leads_home(network: FakeFetcher, answers: Mapping[str, str | bytes], home: str = HOME) -> None:
    """Let every address of the page lead to the vendor's site, whose other addresses answer this."""
    for path in ASKED:
        network.answers(SITE + path, answers[""], content_type="text/html", answered_by=f"{home}/")
    for path, body in answers.items():
        network.answers(home + path, body)


RETIRED: dict[str, Callable[[FakeFetcher], None]] = {
    "a site that links its blog": lambda net: leads_home(net, {"": html("/blog.xml"), "/blog.xml": BLOG}),
    "a site that links its releases": lambda net: leads_home(
        net, {"": html("/releases.xml"), "/releases.xml": feed("acme", ("v1.2.3", "Fixed: a crash"), ("v1.2.2",))}
    ),
    "a site with a blog where feeds are looked for": lambda net: leads_home(net, {"": html(), "/feed.rss": BLOG}),
    "a site with an empty feed": lambda net: leads_home(net, {"": html("/feed.xml"), "/feed.xml": feed("Acme")}),
    "a page to sign in": lambda net: leads_home(net, {"": html(), "/login": html()}),
    "a parked domain": lambda net: leads_home(
        net, {"": "<html>This domain is for sale.</html>"}, "https://parked.example"
    ),
    "the same host": lambda net: [
        *(net.lacks(SITE + path) for path in ASKED),
        net.answers(SITE, html("/blog.xml"), content_type="text/html"),
        net.answers(f"{SITE}/blog.xml", BLOG),
    ],
    "the blog's feed itself": lambda net: [
        net.answers(SITE + path, BLOG, answered_by=f"{HOME}/blog.xml") for path in ASKED
    ],
    "its own front page, now a feed": lambda net: [net.answers(SITE + path, BLOG) for path in ASKED],
}


@pytest.mark.parametrize("retires", RETIRED.values(), ids=RETIRED)
def test_what_was_open_stays_open_and_unknown(watched: Watched, retires: Callable[[FakeFetcher], None]) -> None:
    retires(watched.fetcher)

    outcomes = watched.outcomes(2 * UNREADABLE_AFTER)

    assert set(outcomes) == {Outcome.FAILED}
    assert watched.kinds == ["new_incident", "page_unreadable"]
    assert watched.pages.state("acme").is_unknown
    assert watched.pages.state("acme").source.primary == SUMMARY
    assert [known.name for known in watched.pages.view("acme").open_incidents] == ["Search down"]


def test_it_is_said_where_a_page_leads_that_cannot_be_read(watched: Watched) -> None:
    RETIRED["a site that links its blog"](watched.fetcher)
    watched.outcomes(UNREADABLE_AFTER)

    assert watched.pages.events[-1].message == (
        "cannot be read: it leads to www.acme.example, where the answer is an HTML page, "
        "not a status page in a format that can be read"
    )


def test_a_page_that_leads_to_a_feed_of_incidents_has_moved(watched: Watched) -> None:
    leads_home(watched.fetcher, {"": html("/blog.xml", "/status.xml"), "/blog.xml": BLOG, "/status.xml": STATUS_FEED})

    watched.outcomes(2)

    assert watched.kinds == ["new_incident", "page_moved"]
    assert watched.pages.state("acme").source.primary == f"{HOME}/status.xml"


@pytest.mark.parametrize("home", [SITE, HOME], ids=["below the host", "at another host"])
def test_a_feed_of_incidents_that_leads_to_a_blog_is_gone(home: str) -> None:
    watched = Watched()
    source = f"{SITE}/history.atom"
    watched.fetcher.answers(source, STATUS_FEED)
    watched.outcomes()
    assert watched.kinds == ["new_incident"]

    watched.fetcher.answers(source, BLOG, answered_by=f"{home}/blog.xml")
    watched.outcomes(2 * UNREADABLE_AFTER)

    assert watched.kinds == ["new_incident", "page_unreadable"]
    assert [known.name for known in watched.pages.view("acme").open_incidents] != []


@pytest.mark.parametrize("page_format", ["auto", "feed"])
@pytest.mark.parametrize("answered_by", [f"{HOME}/blog.xml", f"{HOME}/feed/"], ids=["itself", "another path"])
def test_a_feed_that_somebody_names_is_read_whatever_it_is(page_format: str, answered_by: str) -> None:
    url = f"{HOME}/blog.xml"
    watched = Watched(url=url, format=page_format)
    watched.fetcher.answers(url, BLOG, answered_by=answered_by)
    watched.fetcher.answers(answered_by, BLOG)
    assert watched.outcomes(2)[-1] is Outcome.QUIET

    more = feed("The Acme blog", *POSTS, ("Meet us at the fair",))
    watched.fetcher.answers(url, more, answered_by=answered_by)
    watched.fetcher.answers(answered_by, more)
    watched.outcomes()

    assert watched.kinds == ["new_incident"]
    assert watched.pages.events[-1].incident == "Meet us at the fair"


@pytest.mark.parametrize(
    ("page_format", "is_found"), [("feed", True), ("auto", False)], ids=["named a feed", "named nothing"]
)
def test_a_feed_at_another_host_is_read_if_its_format_is_named(page_format: str, is_found: bool) -> None:
    network = FakeFetcher()
    network.answers(SITE, BLOG, answered_by=f"{HOME}/blog.xml")

    found = discover(network, provider(url=SITE, format=page_format)).found

    assert (found is not None) is is_found
