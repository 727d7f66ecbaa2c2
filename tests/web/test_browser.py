"""The pages in a real browser: by eye, by keyboard, by screen reader, without script, in print, and live."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.web import world
from tests.web.browser import axe_source, serious_violations
from tests.web.served import LINKS, TOKEN, Served, serving
from tracker.assessment import assess
from tracker.model.page import Impact, OpenIncident
from tracker.model.page_state import PageView

pytestmark = pytest.mark.browser

PATHS: Final = {
    "now": "/",
    "tv": "/?tv",
    "empty": "/?q=nothing-is-called-so",
    "provider": "/providers/meridian-cloud",
    "unknown": "/providers/lighthouse-dns",
    "incident": "/incidents/meridian-cloud/7hq2k",
    "updates": "/updates",
    "maintenance": "/maintenance",
    "alerts": "/alerts",
    "why": "/alerts/why?event=kestrel-pay/88/u1",
    "health": "/health",
    "public": "/p/Payments",
    "missing": "/providers/nobody",
    "login": "/login",
}
#: Wait for what the page is to become; a run that needs it has failed.
PATIENCE_MS: Final = 10_000
SCREENS: Final = {
    "now-light": ("/", 1440, "light"),
    "now-dark": ("/", 1440, "dark"),
    "now-390": ("/", 390, "light"),
    "incident-light": ("/incidents/meridian-cloud/7hq2k", 1440, "light"),
    "alerts-light": ("/alerts", 1440, "light"),
    "provider-dark": ("/providers/meridian-cloud", 1440, "dark"),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(world.pages(), tmp_path_factory.mktemp("world")) as running:
        yield running


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """Return a page that fails the test for any error, refused source, dialog or request elsewhere."""
    context = _context(browser, served)
    page = context.new_page()
    problems = _watched(page, served.url)
    yield page
    context.close()
    assert not problems


def _context(browser: Browser, served: Served, **options: Any) -> BrowserContext:
    context = browser.new_context(base_url=served.url, reduced_motion="reduce", **options)
    context.set_default_timeout(PATIENCE_MS)
    return context


def _watched(page: Page, url: str) -> list[str]:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(f"error: {error}"))
    page.on("dialog", lambda dialog: problems.append(f"dialog: {dialog.message}"))

    def said(message: Any) -> None:
        if message.type == "error" and "status of 404" not in message.text:
            problems.append(f"console: {message.text}")

    page.on("console", said)
    page.on("request", lambda request: None if request.url.startswith(url) else problems.append(request.url))
    return problems


@pytest.mark.parametrize(("theme", "width", "least"), [("light", 390, 320), ("dark", 1440, 1440)])
def test_nothing_serious_keeps_anybody_out_and_no_page_scrolls_sideways(
    browser: Browser, served: Served, theme: Any, width: int, least: int
) -> None:
    source = axe_source()
    found = []
    # The checker is put in by the test; pages themselves allow no foreign script.
    with _context(browser, served, color_scheme=theme, viewport={"width": width, "height": 900}) as context:
        context.request.post("/login", form={"token": TOKEN})
        page = context.new_page()
        for path in PATHS.values():
            page.goto(path)
            page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
            found += serious_violations(page, source)
            page.set_viewport_size({"width": least, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= least, path
            page.set_viewport_size({"width": width, "height": 900})

    assert found == []


def test_every_page_works_without_script(browser: Browser, served: Served) -> None:
    with _context(browser, served, java_script_enabled=False) as context:
        page = context.new_page()
        for name, path in PATHS.items():
            page.goto(path)
            assert page.locator("h1").count() == 1, name
        page.goto("/")
        page.get_by_label("Name or title").fill("kestrel")
        page.get_by_role("button", name="Filter").click()
        assert re.search(r"\?q=kestrel", page.url)
        assert page.locator("tr[data-key]").count() == 1
        page.get_by_role("link", name="Card authorisations declined").click()
        assert page.locator("h1").inner_text().startswith("Card authorisations declined")
        assert "We are investigating with two acquiring banks" in page.locator(".log").inner_text()


def test_a_row_appears_where_it_belongs_without_a_reload(
    page: Page, served: Served, request: pytest.FixtureRequest
) -> None:
    page.goto("/")
    page.evaluate("window.isSame = true")
    before = next(each for each in world.pages() if each.provider.id == "copper-cards")
    incident = OpenIncident(
        id="c1", name="Card payments fail", status="investigating", impact=Impact.CRITICAL, began_at=world.minutes(1)
    )
    view = PageView(open_incidents=(incident,))
    found = assess(before.provider, before.state, view, before.checked_at, world.NOW)
    _until_heard(page, served)
    request.addfinalizer(lambda: served.change(before))
    served.change(replace(before, view=view, assessment=found))

    row = page.locator("[data-list=problems] tr[data-key=copper-cards]")
    row.wait_for()
    # Other tests acknowledge some of them.
    marks = {
        mark.removeprefix("Alert").strip() for mark in page.locator("[data-list=problems] .claim").all_inner_texts()
    }
    assert {"snoozed"} < marks <= {"not acknowledged", "acknowledged", "snoozed"}
    assert page.locator("[data-list=problems] tr").first.get_attribute("data-key") == "copper-cards"
    assert page.locator("tr[data-key=copper-cards]").count() == 1
    assert page.locator("h1").inner_text() == "4 of 37 providers have problems, 2 cannot be read"
    assert page.title() == "(4) Now · tracker"
    assert page.locator("link[rel=icon]").get_attribute("href") == "/icon.svg?problems=4"
    assert page.locator("[data-announce]").inner_text().startswith("4 of 37")
    assert page.evaluate("window.isSame") is True

    served.change(before)
    page.locator("[data-list='fold:Payments'] tr[data-key=copper-cards]").wait_for(state="attached")
    assert page.title() == "(3) Now · tracker"


@pytest.mark.parametrize(("has_script", "name"), [(True, "Kestrel Pay"), (False, "Meridian Cloud")])
def test_an_alert_is_taken_on(browser: Browser, served: Served, has_script: bool, name: str) -> None:
    with _context(browser, served, java_script_enabled=has_script) as context:
        context.request.post("/login", form={"token": TOKEN})
        page = context.new_page()
        page.goto("/alerts")
        row = page.get_by_role("row").filter(has_text=name).filter(has_text="Nobody yet")
        before = row.count()
        row.first.get_by_role("button", name="Acknowledge").click()
        page.wait_for_url("**/alerts")
        expect(row).to_have_count(before - 1)
        assert page.get_by_text("somebody on the page").count() >= 1


def test_a_link_in_a_message_lets_one_acknowledge(browser: Browser, served: Served) -> None:
    alert = next(each for each in served.parts.desk.alerts.open_alerts() if each.provider_id == "fjord-data")
    with _context(browser, served, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(LINKS.link(alert.id, world.NOW))
        assert served.parts.desk.find(alert.id).state == "open"
        page.get_by_label("Your name").fill("Ada")
        page.get_by_role("button", name="Acknowledge").click()
        expect(page.get_by_text("Acknowledged by Ada.")).to_be_visible()
    assert served.parts.desk.find(alert.id).state == "acknowledged"


def _until_heard(page: Page, served: Served) -> None:
    """Wait until the page listens."""
    for _ in range(100):
        if served.parts.live.clients:
            return
        page.wait_for_timeout(20)
    raise AssertionError("the page does not listen")


def test_rows_are_found_while_typing_and_the_address_keeps_it(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("anvil")

    assert page.locator("tr[data-key]:visible").evaluate_all("rows => rows.map((row) => row.dataset.key)") == [
        "anvil-ci"
    ]
    assert page.url.endswith("/?q=anvil")
    page.get_by_label("Name or title").fill("")
    assert page.locator("details[open]").count() == 0
    assert page.locator("[data-list=problems] tr:visible").count() == 3


def test_a_strip_is_one_stop_and_its_days_have_words(page: Page) -> None:
    page.goto("/providers/meridian-cloud")
    strip = page.locator("[data-strip]")
    strip.focus()
    page.keyboard.press("Home")
    assert page.locator("[data-day]").inner_text() == "30 Aug: not watched yet"
    page.keyboard.press("End")
    assert "27 Nov: critical" in page.locator("[data-day]").inner_text()
    page.keyboard.press("ArrowLeft")
    assert page.locator("[data-day]").inner_text().startswith("26 Nov")


def test_the_keyboard_reaches_all_and_shows_where_it_is(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    reached = []
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", reached[-1]
    assert {"Updates", "Maintenance", "Health", "Meridian Cloud"} <= set(reached)


def test_print_keeps_the_content_and_drops_the_controls(page: Page) -> None:
    page.goto("/")
    page.emulate_media(media="print")

    assert not page.locator("nav").is_visible()
    assert not page.locator("form").first.is_visible()
    assert not page.locator(".foot").get_by_role("link").first.is_visible()
    assert page.locator("tr[data-key=meridian-cloud]").is_visible()
    assert "As of 2026-11-27 03:12:40 UTC" in page.locator(".foot").inner_text()


def test_states_keep_their_shape_without_our_colours(browser: Browser, served: Served) -> None:
    with _context(browser, served, forced_colors="active") as context:
        page = context.new_page()
        page.goto("/")
        for tone in ("critical", "major", "minor", "unknown", "maintenance"):
            shape = page.evaluate(
                "(tone) => { const style = getComputedStyle(document.querySelector(`.tally .st.${tone}`), '::before');"
                " return style.backgroundColor + style.backgroundImage; }",
                tone,
            )
            assert shape != "rgba(0, 0, 0, 0)none", tone


def test_a_page_says_when_it_is_not_live_any_more(browser: Browser, tmp_path: Path) -> None:
    with serving(world.pages(), tmp_path) as running:
        context = _context(browser, running)
        page = context.new_page()
        page.goto("/")
        _until_heard(page, running)
    lost = page.locator("[data-clock].lost")
    expect(lost).to_contain_text("not live since", timeout=PATIENCE_MS)
    for width in (1440, 768, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert lost.is_visible(), width
    context.close()


@pytest.mark.faults
def test_screens_for_the_documentation(browser: Browser, tmp_path: Path) -> None:
    with serving(world.pages(), tmp_path) as untouched:  # other tests acknowledge alerts of theirs
        for name, (path, width, theme) in SCREENS.items():
            size = {"width": width, "height": 900 if width > 600 else 844}
            with _context(browser, untouched, color_scheme=theme, viewport=size) as context:
                page = context.new_page()
                page.goto(path)
                page.screenshot(path=tmp_path / f"{name}.png")
            assert 5_000 < (tmp_path / f"{name}.png").stat().st_size < 400_000
    if wanted := os.environ.get("TRACKER_SCREENS"):
        for name in SCREENS:
            shutil.copy(tmp_path / f"{name}.png", Path(wanted) / f"{name}.png")
