"""How fast the page of many providers is in a real browser. The numbers are printed; the bounds are generous."""

import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page

from tests.web import world
from tests.web.served import serving
from tracker.model.provider import Provider
from tracker.web.now import PageNow

pytestmark = [pytest.mark.browser, pytest.mark.faults]

_GROUPS = 12
#: When something is to be seen first.
_PAINT = """() => new Promise((done) => {
  const report = (list) => list.getEntriesByName('first-contentful-paint').forEach((each) => done(each.startTime));
  new PerformanceObserver(report).observe({ type: 'paint', buffered: true });
})"""
#: A row that is on screen is put in the place of another, and all is laid out: the middle of several times.
_PATCH = """async () => {
  document.querySelectorAll('details').forEach((each) => { each.open = true; });
  const list = document.querySelector('[data-list="fold:Group 0"]');
  list.scrollIntoView();
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const costs = [];
  for (let turn = 0; turn < 15; turn += 1) {
    const other = list.children[turn].cloneNode(true);
    other.querySelector('.name').textContent = `Changed ${turn}`;
    const began = performance.now();
    list.children[turn].replaceWith(other);
    document.body.getBoundingClientRect();
    costs.push(performance.now() - began);
  }
  return costs.sort((one, two) => one - two)[7];
}"""


def _numbered(provider: Provider, number: int) -> Provider:
    return replace(provider, id=f"vendor-{number}", name=f"Vendor {number:04}", group=f"Group {number % _GROUPS}")


def _many(count: int) -> list[PageNow]:
    quiet = world.known("Vendor", None)
    made = [replace(quiet, provider=_numbered(quiet.provider, number)) for number in range(count)]
    return [*made, *(page for page in world.pages() if page.assessment.state.value != "operational")]


def _painted_ms(page: Page) -> float:
    paint: Any = page.evaluate(_PAINT)
    return float(paint)


@pytest.mark.parametrize(("count", "paint_ms"), [(1000, 1000), (5000, 2000)])
def test_many_providers(browser: Browser, tmp_path: Path, count: int, paint_ms: int) -> None:
    with serving(_many(count), tmp_path) as running:
        context = browser.new_context(base_url=running.url, viewport={"width": 1440, "height": 900})
        painted = []
        for _ in range(3):
            page = context.new_page()
            answer = page.goto("/")
            assert answer is not None
            painted.append(_painted_ms(page))
            whole, patch_ms = len(answer.body()), page.evaluate(_PATCH)
            page.close()
        context.close()
    figures = f"first paint {min(painted):.0f} ms, patch {patch_ms:.1f} ms, {whole / 1e6:.2f} MB"
    sys.stdout.write(f"\n{count} providers: {figures}\n")
    assert min(painted) < 2 * paint_ms
    assert patch_ms < 3 * 16
