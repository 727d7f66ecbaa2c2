"""Judges how far the page of a preset is read: fully, in part, not, or not known. Pure.

The format that reads the preset's platform decides, and then the exceptions of single vendors.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from tracker.catalogue.presets import Preset
from tracker.parse import FORMATS
from tracker.parse.format import Format

#: Platforms that answer in a format of another name.
_ANSWER_AS: Final[Mapping[str, str]] = {"Cloudflare": "statuspage", "Salesforce Trust": "salesforce"}
_FEED: Final = re.compile(r"\.(?:rss|atom|xml)$|/(?:rss|atom|feed)$")


class Extent(StrEnum):
    """The part of a page that is read."""

    FULLY = "fully"
    IN_PART = "in part"
    NOT = "not"
    UNKNOWN = "not known"


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """The reach of a page, and the reason for its limit."""

    reach: Extent
    #: Name of the format that reads it, None for none.
    format: str | None = None
    #: The part that is not read, or the reason why nothing is; "" where all is.
    reason: str = ""


def expected_format(preset: Preset) -> Format | None:
    """Return the format in which a preset's page is known to answer, None where there is none."""
    named = _ANSWER_AS.get(preset.platform or "") or preset.answers
    if named is not None:
        return FORMATS.get(named)
    return next((known for known in FORMATS.values() if known.title == preset.platform), None)


def coverage(preset: Preset) -> Coverage:
    """Return the extent to which a preset's page is read."""
    known = expected_format(preset)
    if known is None and _FEED.search(preset.url):
        known = FORMATS["feed"]
    name = known.name if known else None
    if preset.unread is not None:
        return Coverage(reach=Extent.NOT, format=name, reason=preset.unread)
    if known is None:
        if preset.platform is None:
            return Coverage(reach=Extent.UNKNOWN, reason="what runs it is not known")
        return Coverage(reach=Extent.NOT, reason=f"nothing reads {preset.platform} so far")
    reason = preset.in_part or known.in_part
    if reason:
        return Coverage(reach=Extent.IN_PART, format=name, reason=reason)
    return Coverage(reach=Extent.FULLY, format=name)
