"""Small feeds of an invented page, built from their parts."""

from html import escape

from tracker.parse import read

LINK = "https://status.harborcloud.example/incidents/abc123def456"
OPEN = ("Jan  2, 00:05 UTC", "Investigating", "We are looking.")
FIXED = ("Jan  2, 00:30 UTC", "Monitoring", "A fix is in.")


def post(time, label, text):
    return f"<p><small>{time}</small><br><strong>{label}</strong> - {text}</p>"


def atom(content, *, published="2026-01-02T00:30:20Z", updated="2026-01-02T00:30:20Z", link=LINK, extra=""):
    return f"""<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry>
        <id>tag:status.harborcloud.example,2005:Incident/1</id><title>Queues</title>
        <published>{published}</published><updated>{updated}</updated><link rel="alternate" href="{link}"/>
        <content type="html">{escape(content)}</content>{extra}</entry></feed>""".encode()


def rss(*items: str):
    return f'<rss version="2.0"><channel><title>x</title>{"".join(items)}</channel></rss>'.encode()


def item(guid="g1", title="Queues", description="Slow.", date="Fri, 02 Jan 2026 00:30:20 GMT", extra=""):
    return (
        f'<item><guid isPermaLink="false">{guid}</guid><title>{escape(title)}</title>'
        f"<description>{escape(description)}</description><pubDate>{date}</pubDate>{extra}</item>"
    )


def only(body):
    shown = read(body)
    (found,) = (*shown.incidents, *shown.maintenances)
    return found


def collapsed(*posts: tuple[str, str, str], **fields: object):
    """Return the incident of a Statuspage entry with these posts, newest first."""
    return only(atom("".join(post(*each) for each in posts), **fields))


def ids(incident):
    return [update.id for update in incident.updates]
