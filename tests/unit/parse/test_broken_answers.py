"""Answers that made a reader fail otherwise than with a ParseError."""

import json

import pytest

from tests.goldens import GOLDEN
from tracker.errors import ParseError
from tracker.parse import FORMATS


def test_a_page_of_statuscake_that_breaks_off_is_read_or_refused() -> None:
    page = (GOLDEN / "statuscake" / "page.html").read_bytes()

    for end in range(0, len(page), 40):
        try:
            FORMATS["statuscake"].read(page[:end], "https://status.example.com", "text/html")
        except ParseError:
            continue


@pytest.mark.parametrize("region", [[], {}, 7, None])
def test_an_alert_of_vultr_with_a_region_that_is_none_is_read(region: object) -> None:
    alert = {
        "id": "a1",
        "region": region,
        "subject": "Errors",
        "status": "ongoing",
        "start_date": "2026-03-04 09:00:00",
    }
    body = json.dumps({"service_alerts": [alert], "regions": {}}).encode()

    assert [each.name for each in FORMATS["vultr"].read(body, "https://status.vultr.com", None).incidents] == ["Errors"]
