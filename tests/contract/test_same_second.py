"""A page that is written twice in one second and has no ETag: what came second is not lost, and then it is quiet."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from tests.contract.fetch_origin import Origin
from tests.vendor import Watch
from tracker.fetch import RequestsFetcher
from tracker.fetch.options import ClientOptions
from tracker.polling.poll_cost import ResponseClass

#: When the page is written, twice.
WRITTEN = format_datetime(datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC), usegmt=True)
LATER = format_datetime(datetime(2026, 11, 21, 10, 0, 1, tzinfo=UTC), usegmt=True)


def feed(*titles: str) -> bytes:
    items = "".join(
        f"<item><title>{title}</title><guid>{title}</guid><pubDate>{WRITTEN}</pubDate>"
        f"<description>[Investigating] {title}</description></item>"
        for title in titles
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Acme</title>{items}</channel></rss>'.encode()


@pytest.mark.parametrize("date", [WRITTEN, "Sat, 21 Nov 2026 09:59:00 GMT"])
def test_what_is_written_in_the_second_of_an_answer_is_read(date: str) -> None:
    bodies, dates = [feed("Search is slow")], [date]

    def script(exchange):
        if exchange.request.headers.get("if-modified-since") == WRITTEN:
            exchange.send(f"HTTP/1.1 304 Not Modified\r\nDate: {dates[-1]}\r\n\r\n".encode())
        else:
            exchange.answer(body=bodies[-1], Last_Modified=WRITTEN, Date=dates[-1], Content_Type="application/rss+xml")

    with Origin(script) as origin:
        fetcher = RequestsFetcher(ClientOptions(user_agent="test"))
        watch = Watch(fetcher=fetcher, url=origin.url("/feed.xml"), format="feed", allow_private=True)
        watch.polls()
        watch.reported()
        bodies.append(feed("Exports fail", "Search is slow"))
        dates.append(LATER)
        polls = [watch.polls() for _ in range(4)]
        fetcher.close()

    assert [poll.response_class for poll in polls] == [ResponseClass.CHANGED, *[ResponseClass.NOT_MODIFIED] * 3]
    assert [event.incident for event in watch.reported()] == ["Exports fail"]
