"""What a page for people shows of its software is looked at first, so that few requests find its data."""

from pathlib import Path

import pytest

from tests.fakes import FakeFetcher, provider
from tracker.parse import FORMATS
from tracker.polling.candidates import plan
from tracker.polling.discovery import discover

SITE = "https://status.acme.example"
GOLDEN = Path(__file__).parents[2] / "golden" / "parse"


def page(sign: bytes) -> bytes:
    return b'<!doctype html><html><head><script src="https://%s/x.js"></script></head></html>' % sign


SIGNS = [(name, sign) for name, known in FORMATS.items() if known.endpoints for sign in known.signs]


@pytest.mark.parametrize(("name", "sign"), SIGNS, ids=[f"{name}-{sign.decode()}" for name, sign in SIGNS])
def test_the_endpoints_of_the_software_that_made_a_page_are_asked_first(name, sign):
    first = plan(provider(url=SITE, format="auto"), SITE, page(sign))[0]

    assert next(source.format for source in first.sources) == name


@pytest.mark.parametrize(
    ("name", "path", "answer"),
    [
        ("statuspage", "/api/v2/summary.json", "summary.json"),
        ("incidentio", "/proxy/status.acme.example", "proxy.json"),
        ("instatus", "/v3/summary.json", "summary.json"),
        ("betterstack", "/index.json", "index.json"),
        ("sorry", "/api/v1/notices", "notices.json"),
        ("openstatus", "/feed/json", "feed.json"),
    ],
)
def test_a_page_that_shows_its_software_takes_two_requests(name, path, answer):
    fetcher = FakeFetcher()
    fetcher.answers(SITE, page(FORMATS[name].signs[0]))
    fetcher.answers(SITE + path, (GOLDEN / name / answer).read_bytes())

    found = discover(fetcher, provider(url=SITE, format="auto")).found

    assert found is not None
    assert found.source.format == name
    assert fetcher.asked() == [SITE, SITE + path]


@pytest.mark.parametrize(
    ("name", "html", "primary"),
    [
        (
            "statusiq",
            b'<html>{"enc_statuspage_id":"Ab-1_x=="}</html>',
            "/sp/api/public/summary_details/statuspages/Ab-1_x==?period=1&timezone=UTC",
        ),
        ("uptimerobot", b"<html>'/api/getMonitorList/Abc123'</html>", "/api/getEventFeed/Abc123"),
        ("onlineornot", b"<html>OnlineOrNot</html>", "https://api.onlineornot.com/v1/status_pages/{host}/summary"),
        ("uptimecom", b"<html>StatusPageDisplayController</html>", "/ajax"),
        ("gatus", b"<html>Gatus</html>", "/api/v1/endpoints/statuses?page=1&pageSize=1"),
        ("pagerduty-posts", b"<html>globalStatusHeadline", "/api/posts?is_featured=true&limit=500"),
        (
            "oneuptime",
            b'<html><script src="/status-page/env.js"></script>',
            "/status-page-api/overview/status.acme.example",
        ),
        (
            "upptime",
            b'<html><a href="https://github.com/upptime/upptime">Upptime</a><a href="https://github.com/acme/status">',
            "https://raw.githubusercontent.com/acme/status/HEAD/history/summary.json",
        ),
    ],
)
def test_a_page_names_where_its_data_are(name, html, primary):
    found = FORMATS[name].linked(html, SITE)

    assert found[0].primary.removeprefix(SITE) == primary
    assert FORMATS[name].linked(b"<html>Anvils</html>", SITE) == ()


@pytest.mark.parametrize(
    ("url", "primary"),
    [
        ("https://status.salesforce.com/", "https://api.status.salesforce.com/v1/incidents/active"),
        (
            "https://status.salesforce.com/instances/NA123",
            "https://api.status.salesforce.com/v1/instances/NA123/status",
        ),
        ("https://status.salesforce.com/elsewhere", None),
        ("https://api.status.salesforce.com/v1/instances/NONE/status", None),
    ],
)
def test_a_customer_of_salesforce_follows_one_instance_or_all(url, primary):
    found = FORMATS["salesforce"].linked(b"", url)

    assert [endpoints.primary for endpoints in found] == ([primary] if primary else [])


def test_a_page_of_kener_is_read_from_the_feed_that_its_documentation_names():
    item = (
        "<item><title>[Incident] Errors</title><link>https://status.acme.example/incidents/12</link>"
        "<guid isPermaLink='false'>incident-12</guid><pubDate>Mon, 09 Mar 2026 08:30:00 GMT</pubDate>"
        "<description>Status: IDENTIFIED&lt;br&gt;It was a cable.</description></item>"
    )
    fetcher = FakeFetcher()
    fetcher.answers(SITE, b"<html><head><title>Acme</title><meta name='generator' content='Kener'></head></html>")
    fetcher.answers(f"{SITE}/rss.xml", f"<rss version='2.0'><channel><title>Acme Status</title>{item}</channel></rss>")

    found = discover(fetcher, provider(url=SITE, format="auto")).found

    assert found is not None
    assert (found.source.format, found.source.primary) == ("feed", f"{SITE}/rss.xml")
