"""docs/platforms.md lists the formats that no simulator plays, as their modules declare them."""

import os
from pathlib import Path

from tests.played import PLAYED
from tracker.parse import FORMATS
from tracker.parse.format import Format

DOCUMENT = Path(__file__).parents[3] / "docs" / "platforms.md"
BEGIN = "<!-- not simulated: written by tests/unit/parse/test_platforms_written.py -->\n"
END = "<!-- end of not simulated -->\n"
HEAD = ("platform", "format", "what is not read", "requests", "how its structure is known")
NOT_PLAYED = [known for name, known in FORMATS.items() if name not in PLAYED]


def row(known: Format) -> tuple[str, ...]:
    requests = "2, of which neither shows the other" if known.details_apart else "1"
    return known.title, f"`{known.name}`", known.in_part, requests, known.source


def written() -> str:
    rows = (HEAD, ("---",) * len(HEAD), *map(row, NOT_PLAYED))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def test_the_formats_that_are_not_simulated_are_listed_as_they_are_declared():
    """Set WRITE_PLATFORMS=1 to write the table."""
    before, _, rest = DOCUMENT.read_text().partition(BEGIN)
    shown, _, after = rest.partition(END)
    if os.environ.get("WRITE_PLATFORMS"):
        DOCUMENT.write_text(f"{before}{BEGIN}{written()}{END}{after}")
        return

    assert shown == written(), "write it anew with WRITE_PLATFORMS=1"


def test_a_format_that_no_simulator_plays_says_how_its_structure_is_known():
    assert [known.name for known in NOT_PLAYED if not known.source] == []


def test_a_quiet_page_of_any_format_costs_two_requests_at_most():
    apart = [endpoints for known in FORMATS.values() if known.details_apart for endpoints in known.endpoints]

    assert [endpoints for endpoints in apart if len(endpoints.details) > 1] == []
