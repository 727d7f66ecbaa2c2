"""`tracker check`, as a user calls it."""

import json
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.calling import run as run_command
from tests.contract.fetch_origin import Origin
from tests.strategies import is_safe
from tests.unit.parse.test_feed_subject import feed
from tracker.catalogue import load_catalogue
from tracker.errors import ConfigError
from tracker.parse import FORMAT_NAMES
from tracker.simulator import Page, RecordedSite, SimulatedVendor

FEED = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Acme Status</title><item><title>Errors</title>
<guid>1</guid><pubDate>Mon, 03 Nov 2025 12:00:00 GMT</pubDate><description>Resolved - over</description></item>
</channel></rss>"""
TRICKS = 'Acme\x1b[2J "Cloud" \\ \u202e\nforged'


def run(*arguments: object) -> Result:
    return run_command("check", *arguments, "--allow-private")


@pytest.fixture
def page() -> Page:
    parts = tuple(f"Part {number}" for number in range(12))
    acme = Page("Acme Cloud", id="acme", components=parts, groups={"Regions": ("Europe",)})
    acme.open_incident("Errors", components={"Part 11": "major_outage"})
    acme.resolve(acme.open_incident("Delays"))
    return acme


def test_a_page_is_shown_with_what_was_asked_and_what_would_be_tracked(page: Page) -> None:
    with SimulatedVendor([page]) as vendor:
        url = vendor.url()
        result = run(url)

    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert lines[0] == "asked:"
    assert lines[1].startswith(f"  {url}: the answer is an HTML page")
    assert f"  {url}/api/v2/summary.json: Atlassian Statuspage" in lines
    assert f"found: Atlassian Statuspage at {url.removeprefix('http://')}" in lines
    assert f"  requested at every poll: {url}/api/v2/summary.json" in lines
    assert f"  requested when that changes: {url}/api/v2/incidents.json" in lines
    assert "tracked: 2 incidents (1 open), 0 maintenances, 13 components" in lines
    assert lines.index("  Part 11: major outage") < lines.index("  … and 4 more") < lines.index("  Regions")
    assert lines[lines.index("  Regions") + 1] == "    Europe: operational"


def test_the_lines_for_providers_toml_can_be_put_there(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    with SimulatedVendor([page]) as vendor:
        result = run(vendor.url(), "--page-format", "statuspage", "--components", "Part *", "--components", 'Say "hi"')
    file.write_text(result.output.partition("for providers.toml:\n")[2])

    (provider,) = load_catalogue(file, formats=FORMAT_NAMES)

    assert (provider.name, provider.url, provider.format) == ("Acme Cloud", vendor.url(), "statuspage")
    assert provider.components == ("Part *", 'Say "hi"')
    assert provider.allow_private
    assert "note: filter components: no component of the page matches 'Say \"hi\"'; it has " in result.output
    assert "matches 'Part *'" not in result.output


def test_json_holds_everything(page: Page) -> None:
    with SimulatedVendor([page]) as vendor:
        report = json.loads(run(vendor.url(), "--format", "json").output)

    assert (report["format"], report["platform"], report["page"]) == (
        "statuspage",
        "Atlassian Statuspage",
        "Acme Cloud",
    )
    assert len(report["components"]) == 13
    assert report["error"] is None
    assert report["asked"][-1]["url"] == report["primary"]


def test_a_page_that_is_none_is_refused_with_the_sentence_and_status_1() -> None:
    site = RecordedSite("acme", {"/": [b"<!doctype html><html><body>We make anvils.</body></html>"]})
    with SimulatedVendor([site]) as vendor:
        text, document = run(vendor.url()), run(vendor.url(), "--format", "json")

    assert text.exit_code == document.exit_code == 1
    (sentence,) = [line for line in text.output.splitlines() if line.startswith("not found: ")]
    assert " is a web page without a status page's data that can be read (tried " in sentence
    assert json.loads(document.output)["error"] == sentence.removeprefix("not found: ")


def test_what_is_not_understood_of_statuses_is_said() -> None:
    items = (
        f"<item><guid>{number}</guid><title>Queues</title><description>{text}</description></item>"
        for number, text in enumerate(("Status: Frobbed - slow", "Status: Resolved", "We look at it."))
    )
    feed = f"<rss version='2.0'><channel><title>Acme</title>{''.join(items)}</channel></rss>"
    with SimulatedVendor([RecordedSite("acme", {"/feed.rss": [feed.encode()]})]) as vendor:
        result = run(f"{vendor.url()}/feed.rss", "--format", "json")

    assert json.loads(result.output)["warnings"][-2:] == [
        "words for a status that are not known: Frobbed",
        "2 incidents without a status: it is not known whether they are open",
    ]


def test_a_blog_is_no_status_page_and_is_read_where_it_is_named() -> None:
    blog = feed("The Acme blog", ("Our new partners",), ("We are hiring",))
    home = b"""<!doctype html><link rel="alternate" type="application/rss+xml" href="/blog.xml">We make anvils."""
    with SimulatedVendor([RecordedSite("acme", {"/": [home], "/blog.xml": [blog]})]) as vendor:
        url = vendor.url()
        of_home, of_blog = run(url), run(f"{url}/blog.xml")

    assert (of_home.exit_code, of_blog.exit_code) == (1, 0)
    assert f"  {url}/blog.xml: Atom or RSS feed, but its entries do not look like incidents\n" in of_home.output
    assert f"; the feed {url}/blog.xml does not look like one of incidents; name an endpoint" in of_home.output
    assert "found: Atom or RSS feed at" in of_blog.output
    assert "note: its entries do not look like incidents: each new one is reported as an incident\n" in of_blog.output


def test_what_vendors_write_cannot_move_the_cursor_or_forge_a_line(tmp_path: Path) -> None:
    page = Page(TRICKS, id="acme", components=(TRICKS,), groups={TRICKS: (TRICKS,)})
    with SimulatedVendor([page]) as vendor:
        result = run(vendor.url())
    file = tmp_path / "providers.toml"
    file.write_text(result.output.partition("for providers.toml:\n")[2])

    assert result.exit_code == 0
    assert all(map(is_safe, result.output.replace("\n", "")))
    assert not any(line.startswith("forged") for line in result.output.splitlines())
    assert load_catalogue(file, formats=FORMAT_NAMES)[0].name.startswith("Acme")


@pytest.mark.parametrize("url", ["status.acme.example", "ftp://status.acme.example"])
def test_an_address_that_is_none_is_an_error(url: str) -> None:
    assert isinstance(run(url).exception, ConfigError)


def test_an_unknown_format_is_wrong_usage() -> None:
    assert run("https://status.acme.example", "--page-format", "nonsense").exit_code == 2


def test_a_page_for_signed_in_readers_is_read_with_the_variables_that_are_named() -> None:
    def script(exchange):
        if exchange.request.headers.get("authorization") == "Basic hunter2":
            exchange.answer(body=FEED, Content_Type="application/rss+xml")
        else:
            exchange.answer("401 Unauthorized")

    with Origin(script) as origin:
        url = origin.url("/history.rss")
        refused = run(url)
        missing = run(url, "--header-env", "Authorization=ACME_AUTH")
        arguments = ("check", url, "--allow-private", "--header-env", "Authorization=ACME_AUTH")
        found = run_command(*arguments, env={"ACME_AUTH": "Basic hunter2"})

    assert refused.exit_code == missing.exit_code == 1
    assert f"not found: {url}: answered 401: give its credentials by headers_env" in refused.output
    assert "headers_env names ACME_AUTH, which is not set" in missing.output
    assert found.exit_code == 0
    assert 'headers_env = { "Authorization" = "ACME_AUTH" }' in found.output
    assert "hunter2" not in found.output


def test_the_line_that_matters_is_said_after_a_long_search() -> None:
    def script(exchange):
        if exchange.request.path.startswith("/history"):
            exchange.answer("302 Found", Location=exchange.request.path, Set_Cookie=f"n={len(origin.requests)}; Path=/")
        else:
            exchange.answer("404 Not Found")

    with Origin(script) as origin:
        result = run(origin.url())

    assert result.exit_code == 1
    assert "redirected more than 10 times, in a circle that sets cookies, as for browsers (tried " in result.output


@pytest.mark.parametrize(
    "words",
    [
        ("check", "--allow-private", "--format", "feed", "--output", "json"),
        ("check", "--allow-private", "--page-format", "feed", "--json"),
        ("parse", "--format", "feed"),
        ("parse", "--page-format", "feed"),
    ],
    ids=" ".join,
)
def test_options_that_an_earlier_version_spelled_otherwise_are_still_taken(words: tuple[str, ...]) -> None:
    saved = Path(__file__).parents[1] / "golden" / "parse" / "feed" / "incidentio.atom"
    with Origin(lambda exchange: exchange.answer(body=saved.read_bytes())) as origin:
        result = run_command(*words, origin.url("/history.atom") if words[0] == "check" else saved)

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["incidents"]
