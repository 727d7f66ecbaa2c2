"""A revision in Azure's feed: an item for each open incident, whose text is edited in place."""

from datetime import UTC, datetime

from tracker.simulator.feeds import xml_text
from tracker.simulator.platform import Platform
from tracker.simulator.revision import Revision, VendorIncident

REGION = "West Europe"


def _feed(revision: Revision, url: str) -> str:
    going_on = [item for item in revision.incidents if not item.is_closed and not item.is_maintenance]
    return f"""<?xml version="1.0" encoding="utf-8"?>
<rss xmlns:a10="http://www.w3.org/2005/Atom" version="2.0">
  <channel>
    <title>Azure Status</title>
    <link>{xml_text(url)}/</link>
    <description>Azure Status</description>
    <language>en-us</language>
    <lastBuildDate>{_date(revision.updated_at)}</lastBuildDate>
{"".join(_item(item, revision, url) for item in going_on)}  </channel>
</rss>
"""


def _item(item: VendorIncident, revision: Revision, url: str) -> str:
    names = [*(part.name for part in revision.touched_by(item)), REGION]
    categories = "\n".join(f"      <category>{xml_text(name)}</category>" for name in names)
    return f"""    <item>
      <guid isPermaLink="false">{item.id}</guid>
      <link>{xml_text(url)}/</link>
{categories}
      <title>{xml_text(item.name)}</title>
      <description>{xml_text(f"<p>{item.updates[0].body if item.updates else ''}</p>")}</description>
      <pubDate>{_date(item.created_at)}</pubDate>
    </item>
"""


def _date(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%a, %d %b %Y %H:%M:%S} Z"


AZURE = Platform(
    name="azure",
    answers={"/en-us/status/feed/": lambda revision, url, _: _feed(revision, url)},
    has_validators=False,
    host="rssfeed.azure.status.microsoft",
)
