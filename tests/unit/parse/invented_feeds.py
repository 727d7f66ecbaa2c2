"""Small feeds of an invented page, built from their parts."""

from html import escape


def rss(*items: str):
    return f'<rss version="2.0"><channel><title>x</title>{"".join(items)}</channel></rss>'.encode()


def item(guid="g1", title="Queues", description="Slow.", date="Fri, 02 Jan 2026 00:30:20 GMT", extra=""):
    return (
        f'<item><guid isPermaLink="false">{guid}</guid><title>{escape(title)}</title>'
        f"<description>{escape(description)}</description><pubDate>{date}</pubDate>{extra}</item>"
    )
