"""Which feeds are of incidents, and which of what vendors write about otherwise."""

from email.utils import format_datetime
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import NOON
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


POSTS = [("Our new partners", "Read more."), ("Five tips for better invoices",), ("We are hiring",)]
SLOW = ("Search is slow", "We look into it.")

OF_INCIDENTS = {
    "said by its title": feed("Acme Status - Incident History", SLOW),
    "said by its title in one word": feed("AcmeStatus", SLOW),
    "said by its subtitle": feed("Acme", SLOW, subtitle="Status updates for Acme"),
    "empty, said by its title": feed("Acme Status"),
    "in German": feed("Acme Störungsmeldungen", SLOW),
    "in Spanish": feed("Estado del servicio de Acme", SLOW),
    "in French": feed("Acme : état des services", SLOW),
    "in Japanese": feed("Acme 障害情報", SLOW),
    "in Russian": feed("Статус сервисов Acme", SLOW),
    "in Chinese": feed("Acme 状态", SLOW),
    "in Korean": feed("Acme 서비스 상태", SLOW),
    "a state in brackets": feed("Acme", ("[Investigating] Search down",), ("[Resolved] API errors",)),
    "a state in front": feed("Acme", ("Investigating: Search down",), ("RESOLVED - API errors",)),
    "a state behind": feed("Acme", ("Search down (Monitoring)",)),
    "a state in the text": feed(
        "Acme", ("Search down", "[Investigating] We look into it."), ("API", "Resolved - Over.")
    ),
    "a state below a heading": feed("Acme", ("Search down", "<b>Status: Investigating</b><br/><br/>We look into it.")),
    "a word of blogs below a heading": feed("Acme", ("Search down", "<b>Status: Fixed</b><br/><br/>Over.")),
    "a state in another language": feed("Acme", ("Suche langsam", "<b>Status: Wird untersucht</b><br/>Wir prüfen.")),
    "an incident's address": feed("Acme", ("Search down", "", "/incidents/k2x"), ("API", "", "/incident/12")),
    "a maintenance's address": feed("Acme", ("Database upgrade", "", "/maintenance/8")),
    "categories": feed(
        "Acme", ("Search down", "We look into it.", "/1", "Incident"), ("Works", "", "/2", "Maintenance")
    ),
    "most entries": feed("Acme", ("[Resolved] API errors",), ("[Identified] Search down",), POSTS[0]),
    "Statuspage's markup": feed(
        "Acme", ("API errors", "<p><small>Nov 3, 12:00 UTC</small><br><strong>Resolved</strong> - Over.</p>")
    ),
    "updates that are announced": feed("Acme", ('New incident: "Slow"',), ('Update for incident "Slow"',)),
    "a blog of nothing but incidents": feed("Acme Status Blog", ("[Resolved] API errors",), ("[Identified] Search",)),
}

OF_OTHERS = {
    "a blog": feed("The Acme blog", *POSTS),
    "a blog without the word": feed("Acme", *POSTS),
    "an empty blog": feed("The Acme blog"),
    "empty, and says nothing": feed("Acme"),
    "nothing at all": feed(""),
    "news": feed("Acme News", *POSTS),
    "a press room": feed("Press releases of Acme", *POSTS),
    "jobs": feed("Careers at Acme", ("Site Reliability Engineer", "You resolve incidents.")),
    "a podcast": feed("Status: the Acme podcast", ("Episode 12: Outages", "We talk of incidents.")),
    "releases": feed("Release notes from acme", ("v1.2.3", "Fixed: a crash"), ("v1.2.2", "Fixed: another")),
    "releases of something called status": feed("acme-status", ("v1.2.3", "Fixed a crash"), ("acme-status 1.2.2",)),
    "releases without the word": feed("acme", ("Release 2.0", "Resolved a crash"), ("1.9.1",)),
    "a changelog": feed("Acme Changelog", ("Fixed: crash at start", "Status: Fixed"), ("Updated: icons",)),
    "a changelog without the word": feed("Acme", ("Fixed: crash",), ("[Fixed] Login",), ("Complete: rewrite",)),
    "a forum": feed("Acme Community", ("[Resolved] Cannot log in", "Help!"), ("[Solved] Search is down",)),
    "a forum on status": feed("Status - Acme Community Forum", ("Is the API down?",), ("[Solved] Slow",), POSTS[0]),
    "a blog on incidents": feed(
        "Acme", ("How we resolved our biggest outage", "", "/blog/incidents/how"), ("Incident response", "", "/blog/ir")
    ),
    "a blog on monitoring": feed("Acme", ("Uptime tips", "", "/1", "Monitoring"), ("Alerts", "", "/2", "Monitoring")),
    "a blog with an update": feed("Acme", ("Update: new prices",), ("Upcoming: our fair",), ("Planned: version 2",)),
    "a blog with one state": feed("Acme", ("Resolved: what we learnt",), *POSTS[:2]),
    "a status blog of posts": feed("The Acme status blog", *POSTS),
    "in German": feed("Neuigkeiten von Acme", *POSTS),
    "in French": feed("Actualités Acme", *POSTS),
    "in Japanese": feed("Acme ブログ", *POSTS),
    "of the United States": feed("Noticias de Estados Unidos", *POSTS),
}


@pytest.mark.parametrize("body", OF_INCIDENTS.values(), ids=OF_INCIDENTS)
def test_a_feed_of_incidents(body: bytes) -> None:
    assert shows_incidents(body)


@pytest.mark.parametrize("body", OF_OTHERS.values(), ids=OF_OTHERS)
def test_a_feed_of_something_else(body: bytes) -> None:
    assert not shows_incidents(body)


def test_other_formats_are_of_status_pages_whatever_they_hold() -> None:
    assert [known.name for known in FORMATS.values() if not known.is_about_incidents(b"", "", None)] == ["feed"]


@given(st.binary(max_size=300) | st.text().map(str.encode))
def test_whatever_the_answer_is_it_is_judged(body: bytes) -> None:
    assert FEED.is_about_incidents(body, "", None) in (True, False)
