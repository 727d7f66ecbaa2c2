"""Every format is named where people look for it: in the README's table, or among those that are not simulated."""

import re
from pathlib import Path

import pytest

from tests.played import PLAYED
from tracker.parse import FORMATS

DOCS = (Path(__file__).parents[3] / "docs" / "platforms.md").read_text()
NOT_SIMULATED = DOCS.partition("## Not simulated")[2].partition("\n## ")[0]


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in PLAYED])
def test_a_format_that_is_not_simulated_is_listed(name):
    assert f"| `{name}` |" in NOT_SIMULATED


def test_what_is_listed_is_there():
    named = re.findall(r"^\| [^|]+ \| `([a-z-]+)` \|", NOT_SIMULATED, re.MULTILINE)

    assert set(named) == set(FORMATS) - set(PLAYED)
