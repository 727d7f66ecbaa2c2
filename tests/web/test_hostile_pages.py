"""Whatever a vendor writes, a page shows it as text: no script, no address, no direction, no size gets through."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser

from tests.web import world
from tests.web.served import LINKS, Served, serving
from tracker.delivery.sinks.jsonlines import RECORD_NAME
from tracker.history import History, open_history
from tracker.model.event import Event, EventKind, encode_event
from tracker.model.page import Component, ComponentStatus, Impact, OpenIncident
from tracker.model.page_state import PageView
from tracker.web.now import PageNow

pytestmark = pytest.mark.browser

SCRIPT = "\"'><script>window.pwned = 1</script><img src=x onerror='window.pwned = 1'>{{ 7 * 7 }}"
TURNED = "safe\u202etxt.exe\u2066\u200b\ufeff"
HUGE = "A" * 200_000
EVIL = f"{SCRIPT}{TURNED}{HUGE}"
INCIDENT = '../x"><script>window.pwned = 1</script>?a=b#c'
PATHS = (
    "/",
    "/?tv",
    "/providers/evil",
    "/updates",
    "/updates?provider=evil",
    "/maintenance",
    "/alerts",
    "/health",
    "/p/Evil",
)
ASKED = "/?q=" + "%22%3E%3Cscript%3Ewindow.pwned%3D1%3C%2Fscript%3E&group=%3Cb%3E&state=x"


def _pages() -> list[PageNow]:
    incident = OpenIncident(
        id=INCIDENT,
        name=EVIL,
        status=SCRIPT,
        impact=Impact.MAJOR,
        link="javascript:window.pwned=1",
        components=(EVIL, SCRIPT),
    )
    work = replace(incident, id="work", scheduled_for=world.minutes(5), scheduled_until=world.minutes(-5))
    part = Component(id="c", name=EVIL, region=SCRIPT, group=SCRIPT, status=ComponentStatus.MAJOR_OUTAGE)
    view = PageView(
        name=EVIL,
        components={"c": part},
        open_incidents=(incident,),
        open_maintenances=(work,),
        unknown_words=(SCRIPT,),
    )
    evil = world.known("evil", "Evil", view)
    unread = world.known(
        "evil-too", "Evil", failing_since=world.minutes(9), unreadable_since=world.minutes(9), failure=EVIL
    )
    named = replace(evil.provider, name=SCRIPT + TURNED, url='https://evil.example/"><script>window.pwned=1</script>')
    return [replace(evil, provider=named), unread]


def _events() -> list[Event]:
    kinds = (EventKind.NEW_INCIDENT, EventKind.UPDATE_EDITED, EventKind.UPDATE_WITHDRAWN, EventKind.PAGE_UNREADABLE)
    return [
        Event(
            id=f"evil/{kind}/{SCRIPT}",
            event=kind,
            provider="evil",
            provider_name=EVIL,
            product=EVIL,
            incident_id=None if kind is EventKind.PAGE_UNREADABLE else INCIDENT,
            incident=EVIL,
            # The alert goes on: what is withdrawn is another update.
            update_id="v" if kind is EventKind.UPDATE_WITHDRAWN else "u",
            status=SCRIPT,
            vendor_status=EVIL,
            message=f"{EVIL} {number}",
            impact="major",
            components=(EVIL,),
            regions=(SCRIPT,),
            link="javascript:window.pwned=1",
            published_at=world.minutes(9),
            seen_at=world.minutes(9 - number),
        )
        for number, kind in enumerate(kinds)
    ]


def _history(directory: Path) -> History:
    with (directory / RECORD_NAME).open("wb") as record:
        for number, event in enumerate(_events()):
            record.write(encode_event(event)[:-1] + f',"stream_id":"{number + 1}-0"}}\n'.encode())
    found = open_history(directory)
    found.follow(directory / RECORD_NAME)
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("evil")
    with serving(_pages(), directory, history=_history(directory), events=_events()) as running:
        yield running


def test_what_vendors_write_stays_text(browser: Browser, served: Served) -> None:
    context = browser.new_context(base_url=served.url)
    page = context.new_page()
    problems: list[str] = []
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto("/")
    incidents = page.locator("a[href^='/incidents/']")
    found = incidents.evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    assert found
    (alert,) = (each for each in served.parts.desk.alerts.open_alerts() if each.subject == INCIDENT)
    served.parts.desk.note(alert.id, EVIL, SCRIPT)
    why = f"/alerts/why?{urlencode({'event': alert.steps[0].id})}"
    linked = LINKS.link(alert.id, world.NOW)

    for path in (*PATHS, why, linked, *dict.fromkeys(found), ASKED):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path[:100]
        assert len(answer.body()) < 500_000, path[:100]
        assert page.evaluate("window.pwned") is None, path[:100]
        assert page.locator("main script, main img, main b[onclick]").count() == 0, path[:100]
        links = page.locator("a[href]").evaluate_all("links => links.map((link) => new URL(link.href).protocol)")
        assert set(links) <= {"http:", "https:"}, path[:100]
        text = page.locator("html").inner_text()
        assert not set("\u202e\u2066\u200b\ufeff") & set(text), path[:100]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path[:100]
    assert problems == []
    context.close()
