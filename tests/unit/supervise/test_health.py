"""The line of `tracker up` about what can be read."""

import pytest

from tracker.supervise.health import PageHealth, summary

WATCHED = PageHealth(name="Acme", is_asked=True)
AWAY = PageHealth(name="Acme", is_asked=True, failure_reason="dns", failure="no address")
OFFLINE = "be read (no name can be resolved: is this machine offline?); trying again with growing pauses"


@pytest.mark.parametrize(
    ("pages", "line"),
    [
        ([WATCHED], "watching 1 page, it can be read"),
        ([WATCHED, WATCHED], "watching 2 pages, all of them can be read"),
        ([AWAY], f"the page cannot {OFFLINE}"),
        ([AWAY, AWAY], f"none of 2 pages can {OFFLINE}"),
        ([AWAY, WATCHED], "watching 2 pages, 1 cannot be read: Acme (no address)"),
    ],
)
def test_one_page_and_several_are_each_spoken_of_as_what_they_are(pages: list[PageHealth], line: str) -> None:
    assert summary(pages) == line
