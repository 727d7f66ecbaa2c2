"""What `tracker up` says while the first round of polls goes on."""

from tracker.supervise.health import PageHealth
from tracker.supervise.progress import Progress


def pages(asked: int, total: int) -> list[PageHealth]:
    return [PageHealth(name=f"p{number}", is_asked=number < asked) for number in range(total)]


def test_a_line_comes_within_five_seconds_and_then_every_ten() -> None:
    progress = Progress(began_s=100)
    said = {}
    for second in range(100, 160, 2):  # a look at many pages takes two seconds at most
        asked = (second - 100) * 50
        if line := progress.line(pages(asked, 3000), second):
            said[second - 100] = line

    assert next(iter(said.items())) == (4, "200 of 3,000 pages asked")
    assert [after - before for before, after in zip([*said][:-1], [*said][1:], strict=True)] == [8] * (len(said) - 1)
    assert said[28] == "1,400 of 3,000 pages asked"


def test_a_small_catalogue_needs_no_line_and_a_whole_one_gets_none() -> None:
    progress = Progress(began_s=0)

    assert progress.line(pages(1, 3), 1) is None
    assert progress.line(pages(3, 3), 60) is None
