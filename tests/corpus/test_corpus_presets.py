"""Short names of services against the names that a recorded answer shows beside them."""

import json
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tracker.presets import chosen

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded answers are not here")


def test_every_service_is_found_by_the_short_name_that_the_vendor_has_for_it() -> None:
    (answer,) = (CORPUS / "aws").glob("*currentevents_utf16.json")
    events = json.loads(answer.read_bytes().decode("utf-16"))
    regions = {event["arn"].split(":")[3] for event in events}
    named = {
        short: service["service_name"] for event in events for short, service in event["impacted_services"].items()
    }
    unfound = {}
    for short, name in named.items():
        service = next((short.removesuffix(f"-{region}") for region in regions if short.endswith(region)), short)
        globs = chosen(f"aws:{min(regions)}/{service}").components
        if not any(fnmatchcase(name.casefold(), glob.casefold()) for glob in globs):
            unfound[service] = name

    assert len(named) > 200
    assert unfound == {}
