"""Which feeds are of incidents, and which of what vendors write about otherwise."""

from email.utils import format_datetime
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import NOON
from tests.goldens import table
from tracker.parse import FORMATS

FEED = FORMATS["feed"]
Entry = tuple[str, ...]


def feed(title: str, *entries: Entry, subtitle: str = "") -> bytes:
    """Return an RSS feed; an entry is a title, a text, a link's path and its categories, as far as they are given."""
    items = []
    for number, entry in enumerate(entries):
        headline, text, path, *categories = (*entry, *("", "", f"/{number}")[len(entry) :])
        tags = "".join(f"<category>{escape(category)}</category>" for category in categories)
        items.append(
            f"<item><title>{escape(headline)}</title><link>https://acme.example{path}</link><guid>{number}</guid>"
            f"<pubDate>{format_datetime(NOON)}</pubDate><description>{escape(text)}</description>{tags}</item>"
        )
    head = (
        f"<title>{escape(title)}</title><link>https://acme.example</link><description>{escape(subtitle)}</description>"
    )
    return f"<rss version='2.0'><channel>{head}{''.join(items)}</channel></rss>".encode()


def shows_incidents(body: bytes) -> bool:
    assert FEED.recognises(body, None)
    return FEED.is_about_incidents(body, "https://acme.example/feed.xml", "application/rss+xml")


OF_INCIDENTS = table("feeds_of_incidents")

OF_OTHERS = table("feeds_of_others")


@pytest.mark.parametrize(("title", "subtitle", "entries"), OF_INCIDENTS.values(), ids=OF_INCIDENTS)
def test_a_feed_of_incidents(title: str, subtitle: str, entries: list[Entry]) -> None:
    assert shows_incidents(feed(title, *entries, subtitle=subtitle))


@pytest.mark.parametrize(("title", "subtitle", "entries"), OF_OTHERS.values(), ids=OF_OTHERS)
def test_a_feed_of_something_else(title: str, subtitle: str, entries: list[Entry]) -> None:
    assert not shows_incidents(feed(title, *entries, subtitle=subtitle))


def test_other_formats_are_of_status_pages_whatever_they_hold() -> None:
    assert [known.name for known in FORMATS.values() if not known.is_about_incidents(b"", "", None)] == ["feed"]


@given(st.binary(max_size=300) | st.text().map(str.encode))
def test_whatever_the_answer_is_it_is_judged(body: bytes) -> None:
    assert FEED.is_about_incidents(body, "", None) in (True, False)
