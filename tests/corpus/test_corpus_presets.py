"""Presets against what was recorded: short names of services, and on which platform a vendor was last seen."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tracker.catalogue.presets import chosen
from tracker.catalogue.presets.lookup import find

SHARED = Path(__file__).parents[3] / "shared"
CORPUS = SHARED / "corpus"
COVERAGE = SHARED / "docs" / "coverage.md"

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


#: What the list calls otherwise than its table does.
CALLED = {"Statuspage where it is easily missed": "Atlassian Statuspage", "StatusIQ": "StatusIQ (Site24x7)"}


def seen_on() -> Iterator[tuple[str, str, str]]:
    """Yield platforms, the vendors that were seen on them, and their hosts ("" where the list names none)."""
    _, _, listed = COVERAGE.read_text(encoding="utf-8").partition("## 5. ")
    for item in re.split(r"^- ", listed, flags=re.MULTILINE)[1:]:
        for part in re.split(r"\. (?=[A-Z][\w. ]{2,20}: )", " ".join(item.split())):
            platform, colon, vendors = part.partition(": ")
            platform = platform.partition(" (")[0]
            for vendor in vendors.rstrip(".").split(", ") if colon else ():
                found = re.fullmatch(r"(?P<name>.+?)(?: (?P<host>[\w-]+(?:\.[\w-]+)+))?", vendor.partition(" (")[0])
                if found:
                    yield CALLED.get(platform, platform), found["name"], found["host"] or ""


@pytest.mark.skipif(not COVERAGE.is_file(), reason="the list of platforms is not here")
def test_every_preset_names_the_platform_on_which_its_vendor_was_last_seen() -> None:
    known = [(platform, host, preset) for platform, vendor, host in seen_on() if (preset := find(vendor)) is not None]
    differing = {preset.id: platform for platform, _, preset in known if preset.platform != platform}
    elsewhere = {preset.id: host for _, host, preset in known if host not in preset.url}

    assert len(known) >= 50
    assert (differing, elsewhere) == ({}, {})
    assert {"stripe", "netsuite", "calendly", "asana"} <= {preset.id for _, _, preset in known}
