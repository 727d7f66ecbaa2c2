"""The pages over HTTP, without a browser: what they show, to whom, and what they let one do."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.web.served import TOKEN, MadeUp, asking, form_token
from tracker import web
from tracker.errors import StoreError
from tracker.web.parts import Parts
from tracker.web.rendering import incident_path

PAGES = (
    "/",
    "/?state=major",
    "/?q=kestrel",
    "/?tv",
    "/?part=rows",
    "/providers/meridian-cloud",
    "/providers/lighthouse-dns",
    "/incidents/meridian-cloud/7hq2k",
    "/incidents/meridian-cloud/7hq2k?order=oldest",
    "/incidents/fjord-data/w2",
    "/updates",
    "/updates?q=power&what=edits&min_impact=major",
    "/maintenance",
    "/maintenance?group=Data",
    "/health",
    "/p/Payments",
)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Parts]]:
    with asking(tmp_path_factory.mktemp("record")) as asked:
        yield asked


@pytest.fixture(scope="module")
def made_up(asked: tuple[TestClient, Parts]) -> MadeUp:
    return asked[1].acts  # type: ignore[return-value]


@pytest.fixture(scope="module")
def client(asked: tuple[TestClient, Parts]) -> TestClient:
    return asked[0]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_complete_and_keeps_to_the_policy(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    body = answer.text
    assert body.count("<h1") == 1
    assert body.rstrip().endswith("</html>")
    assert not re.search(r"<script(?! src=\"/static/)|\son\w+=|style=\"|javascript:", body)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//(?!status\.)", body)


@pytest.mark.parametrize(
    "path", [*PAGES, "/static/style.css", "/api/v1/providers", "/api/v1/updates", "/feed.atom", "/healthz", "/nowhere"]
)
def test_every_path_has_a_head(client: TestClient, path: str) -> None:
    whole, head = client.get(path), client.head(path)

    assert (head.status_code, head.content) == (whole.status_code, b"")
    for name in ("content-type", "content-length", "content-security-policy"):
        assert head.headers.get(name) == whole.headers.get(name)


def test_a_stream_has_a_head_that_ends(client: TestClient) -> None:
    head = client.head("/events")

    assert (head.status_code, head.headers["content-type"], head.content) == (
        200,
        "text/event-stream; charset=utf-8",
        b"",
    )


def test_every_table_of_rows_has_columns() -> None:
    """A class that the stylesheet does not know lays the cells of a row below each other."""
    folder = Path(web.__file__).parent
    used = {
        name
        for path in (folder / "templates").glob("*.html")
        for name in re.findall(r"rows (?:feed )?(c-\w+)", path.read_text())
    }
    style = (folder / "static" / "style.css").read_text()

    assert used
    assert {name for name in used if f".{name}{{--cols:" not in style} == set()


def test_the_worst_comes_first_and_nothing_unread_looks_well(client: TestClient) -> None:
    body = client.get("/").text

    assert "3 of 37 providers have problems, 2 cannot be read" in body
    assert "<title>(3) Now · tracker</title>" in body
    places = [body.index(name) for name in ("Meridian Cloud", "Kestrel Pay", "Lighthouse DNS", "Qamar SMS", "Anvil CI")]
    assert places == sorted(places)
    row = re.search(r'<tr[^>]*data-key="lighthouse-dns".*?</tr>', body, re.DOTALL)
    assert row is not None
    assert 'class="st ok"' not in row[0]
    assert "When last read" in row[0]
    assert "That is not its state now" in row[0]


def test_a_part_holds_the_rows_that_are_asked_for(client: TestClient) -> None:
    troubled = set(re.findall(r'data-key="([^"]+)"', client.get("/?part=rows").text))
    one = set(re.findall(r'data-key="([^"]+)"', client.get("/?part=rows&only=anvil-ci").text))

    assert {"meridian-cloud", "vault42-identity", "qamar-sms"} <= troubled
    assert "anvil-ci" not in troubled
    assert one == {"anvil-ci"}


def test_the_ledger_shows_edits_withdrawals_and_gaps(client: TestClient) -> None:
    body = client.get("/incidents/meridian-cloud/7hq2k").text

    assert "<del>full recovery within 30 minutes</del><ins>reads to recover by 03:15 UTC" in body
    assert "withdrawn 02:18" in body
    assert "Not read for 3" in body
    assert body.index("Two of three power feeds") < body.index("We are investigating elevated error rates")
    oldest = client.get("/incidents/meridian-cloud/7hq2k?order=oldest").text
    assert oldest.index("We are investigating elevated error rates") < oldest.index("Two of three power feeds")


def test_an_incident_may_have_any_id(client: TestClient) -> None:
    odd = ("a/b", "line\nbreak", "50 %2F", "/", "?x#y", "東京")
    for each in odd:
        answer = client.get(incident_path("meridian-cloud", each), headers={"accept": "application/json"})
        assert answer.json()["title"] == "there is no such incident"


def test_the_feed_has_the_address_of_the_list(client: TestClient) -> None:
    body = client.get("/updates?q=power&provider=meridian-cloud&what=edits").text
    found = re.search(r'href="(/feed\.atom[^"]*)"', body)

    assert found is not None
    address = found[1].replace("&amp;", "&")
    assert address == "/feed.atom?q=power&provider=meridian-cloud&kind=update_edited&kind=update_withdrawn"
    assert client.get(address).status_code == 200
    assert client.get(address.replace("feed.atom", "updates")).text.count("<del>") == body.count("<del>")


def test_a_search_that_is_too_wide_says_so(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.history.words.MOST_BEGUN", 2)

    page, answer = client.get("/updates?q=p*"), client.get("/api/v1/updates?q=p*", headers={"accept": "*/*"})

    assert "More than 2 words begin with &#39;p&#39;; give more of the word, or all of it." in page.text
    assert (answer.status_code, "more than 2 words" in answer.json()["detail"]) == (400, True)


def test_a_moved_window_is_struck_and_a_cancelled_one_too(client: TestClient) -> None:
    body = client.get("/maintenance").text

    assert "1 moved since it was announced, 1 cancelled" in body
    assert re.search(r"<del[^>]*>26.Nov.23:00", body)


def test_a_public_page_has_no_counters_and_may_be_embedded(client: TestClient) -> None:
    answer = client.get("/p/Payments")

    assert "frame-ancestors *" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "public, max-age=30"
    assert "<form" not in answer.text
    assert "/health" not in answer.text


def test_a_data_server_that_is_away_is_a_page_that_says_what_to_do(
    client: TestClient, made_up: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_ids: object) -> None:
        raise StoreError("Connection refused")

    monkeypatch.setattr(made_up, "savings", away)
    answer = client.get("/providers/meridian-cloud")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "<h1>The tracker cannot read its data</h1>" in answer.text
    assert "The data server does not answer now." in answer.text
    assert "<code>tracker doctor</code>" in answer.text


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/nowhere", "There is no such page"),
        ("/providers/nobody", "There is no such provider"),
        ("/incidents/nobody/1", "There is no such incident"),
        ("/p/nobody", "There is no such group"),
    ],
)
def test_a_wrong_address_is_answered_by_a_page_that_says_what_to_do(
    client: TestClient, path: str, heading: str
) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert f"<h1>{heading}</h1>" in answer.text
    assert "What to do" in answer.text
    assert (
        client.get(path, headers={"accept": "application/json"})
        .headers["content-type"]
        .startswith("application/problem+json")
    )


def test_who_may_only_read_sees_no_forms_and_cannot_act(client: TestClient) -> None:
    assert "Check now" not in client.get("/").text
    refused = client.post("/providers/anvil-ci/check", data={"form_token": "x"})
    assert refused.status_code == 403
    assert "not allowed" in refused.text


@pytest.fixture
def actor(client: TestClient) -> Iterator[TestClient]:
    client.post("/login", data={"token": TOKEN})
    yield client
    client.cookies.clear()


def test_an_act_needs_the_token_of_a_page(actor: TestClient, made_up: MadeUp) -> None:
    origin = {"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}
    bare = actor.post("/providers/anvil-ci/check", headers=origin)
    foreign = actor.post(
        "/providers/anvil-ci/check", data={"form_token": form_token(actor)}, headers={"sec-fetch-site": "cross-site"}
    )
    assert (bare.status_code, foreign.status_code) == (403, 403)
    assert made_up.pushed == []

    done = actor.post(
        "/providers/anvil-ci/check", data={"form_token": form_token(actor)}, headers=origin, follow_redirects=False
    )
    assert (done.status_code, done.headers["location"]) == (303, "/providers/anvil-ci")
    assert made_up.pushed == ["anvil-ci"]
    assert ("check", "anvil-ci") in [(act.act, act.subject) for act in made_up.acts(10)]


def test_a_page_is_looked_at_before_it_is_added(actor: TestClient, made_up: MadeUp) -> None:
    refused = actor.post("/providers", data={"form_token": form_token(actor), "page": "https://nowhere.example"})
    assert refused.status_code == 422
    assert "nothing was found there" in refused.text

    added = actor.post(
        "/providers", data={"form_token": form_token(actor), "page": "https://status.new.example", "group": "Data"}
    )
    assert added.url.path == "/providers/looked-at"
    assert "Looked at" in added.text
    removed = actor.post("/providers/looked-at/remove", data={"form_token": form_token(actor, "/providers/looked-at")})
    assert removed.url.path == "/"
    assert "looked-at" not in [known.id for known in made_up.providers()]


def test_a_first_run_says_what_to_do(tmp_path: Path) -> None:
    with asking(tmp_path, pages=()) as (client, _):
        body = client.get("/").text

    assert "Nothing is watched yet" in body
    assert "tracker providers add" in body
