"""A revision in Statuspage's feeds (`/history.atom`, `/history.rss`): one entry for each incident or maintenance."""

import re
from datetime import datetime
from email.utils import format_datetime
from html import escape
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from tracker.simulator.revision import Revision, VendorIncident

#: The entries that the feeds show.
FEED_LENGTH = 25

#: Characters that XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def atom(revision: Revision, url: str) -> str:
    """Return `history.atom`."""
    host = urlsplit(url).netloc
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xml:lang="en-US" xmlns="http://www.w3.org/2005/Atom">
  <id>tag:{xml_text(host)},2005:/history</id>
  <link rel="alternate" type="text/html" href="{xml_text(url)}"/>
  <link rel="self" type="application/atom+xml" href="{xml_text(url)}/history.atom"/>
  <title>{xml_text(revision.name)} Status - Incident History</title>
  <updated>{_seconds(revision.updated_at, revision.time_zone)}</updated>
  <author>
    <name>{xml_text(revision.name)}</name>
  </author>
{"".join(_atom_entry(incident, revision.time_zone, url, host) for incident in entries(revision))}</feed>
"""


def rss(revision: Revision, url: str) -> str:
    """Return `history.rss`."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">
  <channel>
    <title>{xml_text(revision.name)} Status - Incident History</title>
    <link>{xml_text(url)}</link>
    <description>Statuspage</description>
    <pubDate>{_mail_date(revision.updated_at, revision.time_zone)}</pubDate>
{"".join(_rss_item(incident, revision.time_zone, url) for incident in entries(revision))}  </channel>
</rss>
"""


def entries(revision: Revision) -> list[VendorIncident]:
    """Return the entries of the feeds, newest first; a maintenance that has not begun counts from its window."""
    return sorted(revision.incidents, key=lambda item: (published_at(item), item.number), reverse=True)[:FEED_LENGTH]


def published_at(incident: VendorIncident) -> datetime:
    """Return an entry's date: the newest update's, or the start of a window to come."""
    if incident.scheduled_for and incident.status == "scheduled":
        return incident.scheduled_for
    return incident.displayed_at


def content(incident: VendorIncident, zone: str) -> str:
    """Return all incident updates in one piece of HTML, newest first."""
    paragraphs = []
    for update, older in zip(incident.updates, (*incident.updates[1:], None), strict=False):
        shown = (update.display_at or update.created_at).astimezone(ZoneInfo(zone))
        repeats = older is not None and older.status == update.status
        label = "Update" if repeats else update.status.replace("_", " ").capitalize()
        text = update.body.replace("\r\n", "\n").replace("\n", "<br />")
        paragraphs.append(
            f"<p><small>{shown:%b} <var data-var='date'>{shown.day:2}</var>, "
            f"<var data-var='time'>{shown:%H:%M}</var> {shown:%Z}</small><br>"
            f"<strong>{label}</strong> - {text}</p>"
        )
    return "".join(paragraphs)


def xml_text(text: str) -> str:
    """Return text for an XML element or attribute."""
    return escape(xml_characters(text))


def xml_characters(text: str) -> str:
    """Return text without the characters that XML cannot hold."""
    return _NOT_XML.sub("", text)


def _atom_entry(incident: VendorIncident, zone: str, url: str, host: str) -> str:
    return f"""  <entry>
    <id>tag:{xml_text(host)},2005:Incident/{incident.number}</id>
    <published>{_seconds(published_at(incident), zone)}</published>
    <updated>{_seconds(incident.updated_at, zone)}</updated>
    <link rel="alternate" type="text/html" href="{xml_text(url)}/incidents/{incident.id}"/>
    <title>{xml_text(incident.name)}</title>
    <content type="html">{xml_text(content(incident, zone))}</content>
  </entry>
"""


def _rss_item(incident: VendorIncident, zone: str, url: str) -> str:
    return f"""    <item>
      <title>{xml_text(incident.name)}</title>
      <description>
{xml_text(content(incident, zone))}      </description>
      <pubDate>{_mail_date(published_at(incident), zone)}</pubDate>
      <link>{xml_text(url)}/incidents/{incident.id}</link>
      <guid>{xml_text(url)}/incidents/{incident.id}</guid>
    </item>
"""


def _seconds(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds").replace("+00:00", "Z")


def _mail_date(moment: datetime, zone: str) -> str:
    return format_datetime(moment.astimezone(ZoneInfo(zone)))
