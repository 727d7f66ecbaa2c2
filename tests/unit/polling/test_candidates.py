"""Which addresses are asked in search of a page's data, and in which order."""

import dataclasses

import pytest

import tracker.polling.candidates
from tests.fakes import provider
from tracker.model.page_state import Source
from tracker.parse import FORMATS, Endpoints, Format
from tracker.polling.candidates import MOST_CANDIDATES, feed_links, itself, plan, rebased, same_host

SITE = "https://status.acme.example"
LINKS = b"""<html><head>
<link rel="alternate" type="application/atom+xml" title="A" href="/updates.atom">
<LINK href='feed/rss?a=1&amp;b=2#top' type="application/rss+xml; charset=utf-8" rel="nofollow ALTERNATE"/>
<link rel=alternate type=application/rss+xml href=https://feeds.example/acme>
<link rel="alternate" type="text/html" hreflang="de" href="/de">
<link rel="stylesheet" type="application/rss+xml" href="/no.rss">
<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
<link rel="alternate" type="application/rss+xml" href="http://[">
<link rel="alternate" type="application/rss+xml">
</head></html>"""


def urls(url: str, html: bytes = b"", **fields: object) -> list[str]:
    return [candidate.url for candidate in plan(provider(url=url, **fields), url, html)]


@pytest.fixture
def formats(monkeypatch: pytest.MonkeyPatch):
    """Let there be other formats beside the real feed."""

    def are(*formats: Format) -> None:
        known = {known.name: known for known in (*formats, FORMATS["feed"])}
        monkeypatch.setattr(tracker.polling.candidates, "FORMATS", known)

    return are


def a_format(name: str, *endpoints: Endpoints, **fields: object) -> Format:
    return dataclasses.replace(FORMATS["statuspage"], name=name, endpoints=endpoints, **fields)


def test_what_platforms_have_is_looked_for_below_the_page_then_at_its_root_then_in_its_links() -> None:
    asked = urls(f"{SITE}/eu/?lang=de", LINKS)

    assert asked.index(f"{SITE}/eu/api/v2/summary.json") < asked.index(f"{SITE}/eu/history.atom")
    assert asked.index(f"{SITE}/eu/history.atom") < asked.index(f"{SITE}/api/v2/summary.json")
    assert asked[-3:] == [f"{SITE}/updates.atom", f"{SITE}/eu/feed/rss?a=1&b=2", "https://feeds.example/acme"]
    assert len(asked) == len(set(asked))


def test_a_file_is_no_folder() -> None:
    assert f"{SITE}/eu/api/v2/summary.json" in urls(f"{SITE}/eu/index.html")


def test_a_known_host_comes_first_and_is_looked_for_nowhere_else(formats) -> None:
    one = a_format("one", Endpoints(primary="/any"))
    own = a_format("own", Endpoints(primary="/own"), hosts=("status.acme.example",))
    formats(one, own)

    assert urls(SITE)[:2] == [f"{SITE}/own", f"{SITE}/any"]
    assert "https://other.example/own" not in urls("https://other.example")
    assert urls("https://other.example", format="own") == ["https://other.example/own"]
    assert itself(provider(url=SITE)).expected == ("own",)


def test_what_the_page_itself_names_comes_before_what_is_guessed(formats) -> None:
    def linked(html: bytes, _: str) -> tuple[Endpoints, ...]:
        return (Endpoints(primary="https://api.example/{host}", details=("/more",)),) if b"id=7" in html else ()

    formats(a_format("one", Endpoints(primary="/any")), a_format("two", linked=linked))

    first, second, *_ = plan(provider(url=SITE), SITE, b"<p id=7>")
    assert first.sources[0] == Source(
        format="two", primary="https://api.example/status.acme.example", details=(f"{SITE}/more",)
    )
    assert second.url == f"{SITE}/any"
    assert urls(SITE)[0] == f"{SITE}/any"


def test_an_address_that_two_formats_share_is_asked_once_and_is_what_it_answers(formats) -> None:
    one = a_format("one", Endpoints(primary="/index.json", details=("/one",)))
    two = a_format("two", Endpoints(primary="/index.json", details=("/two",)))
    formats(one, two)

    candidate = plan(provider(url=SITE), SITE)[0]

    assert urls(SITE).count(f"{SITE}/index.json") == 1
    assert candidate.source(one).details == (f"{SITE}/one",)
    assert candidate.source(two).details == (f"{SITE}/two",)


def test_no_page_is_asked_for_too_many_addresses_and_guesses_are_what_is_left_out(formats) -> None:
    formats(a_format("many", *(Endpoints(primary=f"/{number}") for number in range(99))))

    asked = urls(SITE, LINKS)

    assert len(asked) == MOST_CANDIDATES
    assert asked[-1] == "https://feeds.example/acme"


def test_a_fixed_format_is_all_that_is_looked_for() -> None:
    assert all("/api/v2/" in url for url in urls(SITE, LINKS, format="statuspage"))


@pytest.mark.parametrize(
    "html",
    [b"<link " * 90_000, b"<link " + b"a=" * 300_000, (b"<link " + b"x" * 1999) * 300, b"<link rel='" * 50_000],
    ids=["tags", "attributes", "long names", "open quotes"],
)
def test_hostile_markup_is_scanned_in_linear_time(html: bytes) -> None:
    # A quadratic scan of this takes minutes.
    assert feed_links(html, SITE) == ()


def test_a_source_is_moved_along_with_its_details() -> None:
    source = Source(
        format="statuspage",
        primary=f"{SITE}/eu/api/v2/summary.json",
        details=(f"{SITE}/eu/api/v2/incidents.json", "https://api.example/7"),
    )

    assert rebased(source, "https://new.example/p/api/v2/summary.json") == Source(
        format="statuspage",
        primary="https://new.example/p/api/v2/summary.json",
        details=("https://new.example/p/api/v2/incidents.json", "https://api.example/7"),
    )


def test_hosts_are_compared_without_regard_to_scheme_and_case() -> None:
    assert same_host("http://Status.acme.example/a", "https://status.acme.example:443/b")
    assert not same_host("https://status.acme.example", "https://status.acme.example:8443")
