"""A revision as AWS Health shows it: events in UTF-16 JSON, and the feed with an item for each update."""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tracker.model.page import Impact
from tracker.simulator.feeds import xml_text
from tracker.simulator.platform import Platform
from tracker.simulator.revision import Revision, VendorIncident

REGION = "us-east-1"
_REGION_NAME = "N. Virginia"
#: The updates that the feed shows.
_FEED_LENGTH = 50
_PACIFIC = ZoneInfo("America/Los_Angeles")
_DIGITS: Mapping[str, int] = {Impact.MINOR: 1, Impact.MAJOR: 2, Impact.CRITICAL: 3}
_TITLES: Mapping[int, str] = {
    0: "Service is operating normally: [RESOLVED]",
    1: "Service impact:",
    2: "Service degradation:",
    3: "Service disruption:",
}


def _events(revision: Revision) -> bytes:
    """Return open events: `/public/currentevents`."""
    events = [_event(item, revision) for item in _incidents(revision) if not item.is_closed]
    return b"\xfe\xff" + json.dumps(events, ensure_ascii=False).encode("utf-16-be", errors="replace")


def _event(item: VendorIncident, revision: Revision) -> dict[str, Any]:
    slug, name = _service(item, revision)
    log = [
        {
            "summary": item.name,
            "message": update.body,
            "status": _digit(item, update.status),
            "timestamp": int(update.created_at.timestamp()),
        }
        for update in reversed(item.updates)
    ]
    return {
        "date": str(int(item.created_at.timestamp())),
        "arn": f"arn:aws:health:{REGION}::event/{slug.upper()}/AWS_OPERATIONAL_ISSUE/{item.id}",
        "region_name": _REGION_NAME,
        "status": str(_digit(item, item.status)),
        "service": f"{slug}-{REGION}",
        "service_name": name,
        "summary": item.name,
        "event_log": log,
        "impacted_services": {
            f"{_slug(part.name)}-{REGION}": {
                "service_name": part.name,
                "current": str(_digit(item, item.status)),
                "max": str(_DIGITS.get(item.impact, 1)),
            }
            for part in revision.touched_by(item)
        },
        "impacted_service_status_changes": [],
    }


def _feed(revision: Revision) -> str:
    """Return `/rss/all.rss`."""
    posted = [(update, item) for item in _incidents(revision) for update in item.updates]
    posted.sort(key=lambda pair: pair[0].created_at, reverse=True)
    items = "".join(
        f"""
  <item>
   <title><![CDATA[{_TITLES[_digit(item, update.status)]} {xml_text(item.name)}]]></title>
   <link>https://status.aws.amazon.com/</link>
   <pubDate>{_pacific(update.created_at)}</pubDate>
   <guid isPermaLink="false">https://status.aws.amazon.com/#{_service(item, revision)[0]}-{REGION}_{
            int(update.created_at.timestamp())
        }</guid>
   <description><![CDATA[{xml_text(update.body)}]]></description>
  </item>"""
        for update, item in posted[:_FEED_LENGTH]
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0">
 <channel>
  <title><![CDATA[{xml_text(revision.name)} Service Status]]></title>
  <link>https://status.aws.amazon.com/</link>
  <language>en-us</language>
  <lastBuildDate>{_pacific(revision.updated_at)}</lastBuildDate>
  <generator>AWS Service Health Dashboard RSS Generator</generator>
  <ttl>5</ttl>{items}
 </channel>
</rss>
"""


def _incidents(revision: Revision) -> list[VendorIncident]:
    """Return the incidents; AWS shows no maintenance."""
    return [item for item in revision.incidents if not item.is_maintenance]


def _digit(item: VendorIncident, status: str) -> int:
    return 0 if status in ("resolved", "postmortem") else _DIGITS.get(item.impact, 1)


def _service(item: VendorIncident, revision: Revision) -> tuple[str, str]:
    """Return slug and name of the service that an incident is about."""
    names = [part.name for part in revision.touched_by(item)]
    return (_slug(names[0]), names[0]) if len(names) == 1 else ("multipleservices", "Multiple services")


def _slug(name: str) -> str:
    return re.sub("[^a-z0-9]+", "", name.lower()) or "service"


def _pacific(moment: datetime) -> str:
    return f"{moment.astimezone(_PACIFIC):%a, %d %b %Y %H:%M:%S %Z}"


AWS = Platform(
    name="aws",
    answers={
        "/public/currentevents": lambda revision, _url, _variation: _events(revision),
        "/rss/all.rss": lambda revision, _url, _variation: _feed(revision),
    },
    has_validators=False,
    host="health.aws.amazon.com",
)
