"""A revision in xAI's feed: an item for each incident, all its updates in one description."""

from datetime import datetime
from email.utils import format_datetime

from tracker.simulator.feeds import xml_characters, xml_text
from tracker.simulator.platform import Platform
from tracker.simulator.revision import Revision, VendorIncident

#: The incidents that the feed shows.
FEED_LENGTH = 25


def _feed(revision: Revision, url: str) -> str:
    shown = [item for item in revision.incidents if not item.is_maintenance][:FEED_LENGTH]
    return f"""<?xml version="1.0" encoding="UTF-8" ?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">
  <channel>
    <title>xAI System Status</title>
    <link>{xml_text(url)}</link>
    <atom:link href="{xml_text(url)}/feed.xml" rel="self" type="application/rss+xml" />
    <lastBuildDate>{_date(revision.updated_at)}</lastBuildDate>
    <ttl>30</ttl>
{"".join(_item(item, revision, url) for item in shown)}  </channel>
</rss>
"""


def _item(item: VendorIncident, revision: Revision, url: str) -> str:
    names = [part.name for part in revision.touched_by(item)]
    label = f"[{', '.join(names)}] " if names else ""
    status = "resolved" if item.is_closed else item.status
    return f"""    <item>
      <title>{xml_text(label + item.name)}</title>
      <link>{xml_text(url)}/INC{item.id}</link>
      <guid isPermaLink="false">INC{item.id}</guid>
      <description><![CDATA[{_description(item, status)}]]></description>
      <pubDate>{_date(item.created_at)}</pubDate>
      <category>{"available" if item.is_closed else "degraded"}</category>
      <category>{xml_text(status)}</category>
    </item>
"""


def _description(item: VendorIncident, status: str) -> str:
    posts = "".join(
        f"""
             <div>
               <p><strong>{_date(update.created_at)}</strong></p>
               <h3>{update.status.capitalize()}</h3>
               <p>{update.body}</p>
             </div>
"""
        for update in item.updates
    )
    html = f"<h3>Status: {status.upper()}</h3>\n<hr />\n<h4>Updates:</h4>\n{posts}"
    return xml_characters(html).replace("]]>", "]]&gt;")


def _date(moment: datetime) -> str:
    return format_datetime(moment.replace(microsecond=0), usegmt=True)


XAI = Platform(
    name="xai",
    answers={"/feed.xml": lambda revision, url, _: _feed(revision, url)},
    has_validators=False,
    host="status.x.ai",
)
