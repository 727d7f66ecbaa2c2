"""What `tracker up` says of pages: in the first round of polls, and of what can be read."""

import pytest

from tracker.supervise.health import PageHealth, summary
from tracker.supervise.progress import Progress

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


def pages(asked: int, total: int) -> list[PageHealth]:
    return [PageHealth(name=f"p{number}", is_asked=number < asked) for number in range(total)]


def test_a_line_comes_within_five_seconds_and_then_every_ten() -> None:
    progress = Progress(began_s=100)
    said = {}
    for second in range(100, 160, 2):  # a look at many pages takes two seconds at most
        asked = (second - 100) * 50
        if line := progress.line(pages(asked, 3000), second):
            said[second - 100] = line

    assert next(iter(said.items())) == (4, "200 of 3,000 pages polled")
    assert [after - before for before, after in zip([*said][:-1], [*said][1:], strict=True)] == [8] * (len(said) - 1)
    assert said[28] == "1,400 of 3,000 pages polled"


def test_a_small_catalogue_needs_no_line_and_a_whole_one_gets_none() -> None:
    progress = Progress(began_s=0)

    assert progress.line(pages(1, 3), 1) is None
    assert progress.line(pages(3, 3), 60) is None
