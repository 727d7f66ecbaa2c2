"""What successive answers of a feed tell: each incident is one, two are two, and nothing is reported again."""

from collections.abc import Iterable
from html import escape

import pytest

from tests.goldens import table
from tests.vendor import Watch
from tracker.model.event import Event
from tracker.model.page_state import PageState, Source
from tracker.model.provider import FirstSight
from tracker.polling.page_store import Commit, PollLease

SITE = "https://status.harborcloud.example"
DAY = "Fri, 20 Nov 2026 {}:00 GMT"


def item(*, title="Queues", text="Slow.", guid: str | None = None, link: str | None = None, at: str | None = "10:00"):
    """Return an RSS item; what is None is not there."""
    return (
        "<item>"
        + (f"<title>{escape(title)}</title>" if title else "")
        + (f'<guid isPermaLink="false">{escape(guid)}</guid>' if guid is not None else "")
        + (f"<link>{escape(link)}</link>" if link is not None else "")
        + (f"<pubDate>{DAY.format(at)}</pubDate>" if at else "")
        + f"<description>{escape(text)}</description></item>"
    )


def feed(*items: str) -> bytes:
    return f'<rss version="2.0"><channel><title>x</title><link>{SITE}/</link>{"".join(items)}</channel></rss>'.encode()


class Page(Watch):
    """One feed, and somebody who polls it."""

    def __init__(self, *, first_sight=FirstSight.SILENT) -> None:
        super().__init__(url=f"{SITE}/history.rss", format="feed", first_sight=first_sight)

    def shows(self, *items: str) -> list[Event]:
        """Poll the feed with these items; return what is reported of it."""
        self.fetcher.answers(self.provider.url, feed(*items))
        assert self.polls().failure is None
        return self.reported()

    def knows(self, *keys: str) -> None:
        """Make the page one that was read before, by a version that wrote these keys."""
        lease = self.pages.begin(self.provider.id, self.clock())
        assert isinstance(lease, PollLease)
        source = Source(format="feed", primary=self.provider.url)
        state = PageState(url=self.provider.url, seeded=True, source=source)
        self.pages.commit(lease, Commit(state=state, seen=keys, due_at=None, checked_at=self.clock()))

    @property
    def open_names(self) -> set[str]:
        return {one.name for one in self.view.open_incidents}


def said(events: Iterable[Event]) -> list[tuple[str, str, str]]:
    return [(event.event, event.status, event.message or "") for event in events]


#: (guid, link) of the first and of the second update of one incident, and of another incident.
ONE_ITEM_FOR_EACH_UPDATE = table("feed_identities")


@pytest.mark.parametrize(("first", "second", "other"), ONE_ITEM_FOR_EACH_UPDATE.values(), ids=ONE_ITEM_FOR_EACH_UPDATE)
@pytest.mark.parametrize("prefix", ["", SITE], ids=["relative", "whole"])
def test_items_of_one_incident_are_one_and_those_of_another_are_not(first, second, other, prefix):
    def of(marks, **fields: str):
        guid, link = marks
        whole = f"{prefix}{link}" if link and link.startswith("/") else link
        return item(guid=guid, link=whole, **fields)

    opened = of(first, title="[Investigating] Queues", text="Slow.")
    closed = of(second, title="[Resolved] Queues", text="Fast.", at="11:00")
    another = of(other, title="[Investigating] Search", text="Empty.", at="12:00")
    page = Page()

    assert page.shows(opened) == []
    assert page.open_names == {"[Investigating] Queues"}
    assert said(page.shows(closed, opened)) == [("incident_update", "resolved", "Fast.")]
    assert page.open_names == set()
    assert said(page.shows(another, closed, opened)) == [("new_incident", "investigating", "Empty.")]
    assert page.open_names == {"[Investigating] Search"}
    assert page.shows(another, closed) == [], "the oldest item has left the feed"


SHARED = [
    "N/A",
    "",
    "none",
    f"{SITE}/",
    SITE,
    "status-feed",
    "2026-11-20T10:00:00Z",
    "1795082400",
    "TW9uLCAyMCBPY3QgMjAyNSAxNzowNzozMiAtMDYwMA==",
]


@pytest.mark.parametrize("guid", SHARED)
@pytest.mark.parametrize("links", [("/n/1", "/n/2"), (f"{SITE}/", f"{SITE}/"), ("/status", "/status")], ids=str)
def test_two_incidents_of_one_guid_are_two(guid, links):
    page = Page()
    first = item(title="[Investigating] Search is slow", guid=guid, link=links[0])
    second = item(title="[Resolved] Exports fail", text="Fixed.", guid=guid, link=links[1], at="11:00")

    assert page.shows(first) == []
    assert said(page.shows(second, first)) == [("new_incident", "resolved", "Fixed.")]
    assert page.open_names == {"[Investigating] Search is slow"}
    assert page.shows(second, first) == []


UUIDS = [f"{number:08d}-5f0e-4f5e-9a52-00000000000{number}" for number in range(4)]
MADE_ANEW = {
    "random": UUIDS,
    "a number of URN": [f"urn:uuid:{one}" for one in UUIDS],
    "digests": [f"{number:032x}" for number in range(4)],
    "times": [f"2026-11-20T10:0{number}:00Z" for number in range(4)],
    "seconds": [str(1795082400 + number) for number in range(4)],
    "random digits": [f"6745{number}0d3b1a2c" for number in range(4)],
    "a counter": [f"upd-{number}" for number in range(4)],
    "no form": [f"build{number}{number}x7q" for number in range(4)],
}


@pytest.mark.parametrize("guids", MADE_ANEW.values(), ids=MADE_ANEW)
@pytest.mark.parametrize("link", ["/incidents/a1", "/n/1", f"{SITE}/", None], ids=str)
def test_a_guid_that_is_made_anew_with_every_answer_reports_nothing_again(guids, link):
    page = Page()
    text = "Investigating - slow"

    assert page.shows(item(text=text, guid=guids[0], link=link)) == []
    assert page.shows(item(text=text, guid=guids[1], link=link)) == []
    assert said(page.shows(item(text="Resolved - fast", guid=guids[2], link=link))) == [
        ("incident_update", "resolved", "fast")
    ]
    assert page.shows(item(text="Resolved - fast", guid=guids[3], link=link)) == []


@pytest.mark.parametrize("marks", [{"guid": "g1"}, {"link": "/n/1"}, {"guid": "N/A", "link": "/incident/1"}], ids=str)
def test_a_date_that_is_made_anew_with_every_answer_reports_nothing_again(marks):
    page = Page()

    assert page.shows(item(text="Resolved - fast", at="10:00", **marks)) == []
    assert page.shows(item(text="Resolved - fast", at="10:05", **marks)) == []
    assert said(page.shows(item(text="Resolved - fast since noon", at="10:10", **marks))) == [
        ("incident_update", "resolved", "fast since noon")
    ]
    assert said(page.shows(item(text="Investigating - again", at="10:10", **marks))) == [
        ("incident_update", "investigating", "again")
    ]


@pytest.mark.parametrize("link", [f"{SITE}/", None], ids=str)
@pytest.mark.parametrize(
    "guids", [None, MADE_ANEW["random"], [MADE_ANEW["random"][0]] * 4], ids=["none", "anew", "one"]
)
def test_with_a_date_made_anew_an_entry_is_known_by_its_title_and_day(link, guids):
    page = Page()
    shown = [
        item(title="Investigating: Queues", guid=guids[number] if guids else None, link=link, at=at).replace(
            "20 Nov", day
        )
        for number, (day, at) in enumerate(
            [("20 Nov", "23:58"), ("20 Nov", "23:59"), ("21 Nov", "00:00"), ("21 Nov", "00:01")]
        )
    ]

    assert page.shows() == []
    assert said(page.shows(shown[0])) == [("new_incident", "investigating", "Slow.")]
    assert [event for each in shown[1:] for event in page.shows(each)] == []


@pytest.mark.parametrize("link", [f"{SITE}/", None], ids=str)
@pytest.mark.parametrize(
    "guids", [(None, None), MADE_ANEW["random"][:2], ("1", "2")], ids=["none", "random", "numbers"]
)
def test_an_outage_that_comes_back_on_the_day_of_its_end_is_another_one(link, guids):
    page = Page()
    over = item(title="Resolved: Queues", text="Fast.", guid=guids[0], link=link, at="08:30")
    again = item(title="Investigating: Queues", guid=guids[1], link=link, at="15:00")

    assert page.shows() == []
    assert len(page.shows(item(title="Investigating: Queues", guid=guids[0], link=link, at="08:00"))) == 1
    assert said(page.shows(over)) == [("incident_update", "resolved", "Fast.")]
    assert said(page.shows(again, over)) == [("new_incident", "investigating", "Slow.")]
    assert page.shows(again) == []


def test_an_update_that_says_the_same_again_is_reported_where_both_are_shown():
    page = Page()
    first = item(title="[Investigating] Queues", text="Still slow.", guid="u1", link="/incident/7")
    second = item(title="[Investigating] Queues", text="Still slow.", guid="u2", link="/incident/7", at="11:00")

    assert page.shows(first) == []
    assert len(page.shows(second, first)) == 1
    assert page.shows(second) == []


def test_an_incident_with_an_item_for_each_component_is_one():
    page = Page()
    items = [
        item(title=f"[{name}] Outage", text="Investigating - down", guid="INC578e0bc8", link=f"/{name}/INC578e0bc8")
        for name in ("api", "web")
    ]

    assert page.shows() == []
    assert said(page.shows(*items)) == [("new_incident", "investigating", "down")]


def test_notices_of_one_title_without_a_status_are_as_many_as_there_are():
    page = Page()

    assert page.shows(item(title="Work on the network")) == []
    assert [
        event.event
        for event in page.shows(item(title="Work on the network", at="18:00"), item(title="Work on the network"))
    ] == ["new_incident"]


@pytest.mark.parametrize(
    "marks",
    [({"guid": "N/A", "link": "/n/1"}, {"guid": "N/A", "link": "/n/2"}), ({}, {})],
    ids=["of one day", "after its end"],
)
def test_a_title_that_comes_again_is_another_incident(marks):
    page = Page()
    morning = item(title="[Resolved] Search is slow", text="Fixed.", at="09:00", **marks[0])
    evening = item(title="[Investigating] Search is slow", text="Again.", at="19:00", **marks[1])

    assert page.shows(morning) == []
    assert said(page.shows(evening, morning)) == [("new_incident", "investigating", "Again.")]


@pytest.mark.parametrize(
    ("open_marks", "closed_marks"),
    [({"guid": "2026#1"}, {"guid": "2026#2"}), ({"link": "/incident/overview"}, {"link": "/incident/overview"})],
    ids=["numbers of incidents are no numbers of updates", "an address of all incidents is of none"],
)
def test_the_end_of_another_incident_ends_nothing(open_marks, closed_marks):
    page = Page()
    first = item(title="[Investigating] Search is slow", **open_marks)

    page.shows(first)
    page.shows(item(title="[Resolved] Exports fail", text="Fixed.", at="11:00", **closed_marks), first)

    assert page.open_names == {"[Investigating] Search is slow"}


def test_a_title_that_is_edited_is_an_update_of_the_same_incident():
    page = Page()

    assert page.shows(item(title="[Investigating] Queues", guid="g1", link="/n/1")) == []
    renamed = page.shows(item(title="[Investigating] Queues and search", guid="g1", link="/n/1"))

    assert [(event.event, event.incident_id) for event in renamed] == [("incident_update", "g1")]
    assert renamed[0].message == "now titled “[Investigating] Queues and search”, was “[Investigating] Queues”"


def test_an_outage_that_is_on_at_first_sight_is_reported_as_open():
    page = Page(first_sight=FirstSight.OPEN)

    reported = page.shows(
        item(title="IDENTIFIED - Queues", text="Slow.", guid="a"),
        item(title="Search", text="Resolved - fine", guid="b"),
    )

    assert said(reported) == [("new_incident", "identified", "Slow.")]


def test_a_word_that_is_not_known_is_logged_once(caplog):
    page = Page()
    page.shows(item(text="Status: Frobbed - slow"))
    page.shows(item(text="Status: Frobbed - slow"), item(title="Mail", text="Status: Frobbed - late"))
    page.shows(item(title="Mail", text="Status: Bent - late"))

    assert [record.getMessage().partition(" says ")[2] for record in caplog.records] == [
        "'Frobbed' for a status, which is not known",
        "'Bent' for a status, which is not known",
    ]


#: Items, and the keys under which the version before knew them.
BEFORE = {
    **{case: (item(**fields), key) for case, (fields, key) in table("feed_keys_of_before").items()},
    "a zone that was taken for UTC": (item(guid="g1").replace("GMT", "CEST"), "g1/670f96af3d70e02bcba6"),
}


@pytest.mark.parametrize(("known", "key"), BEFORE.values(), ids=BEFORE)
def test_an_upgrade_reports_no_history_again(known, key):
    page = Page()
    page.knows(key, f"{key.rpartition('/')[0]}/")

    assert page.shows(known) == []
    assert page.shows(known, item(title="Other", guid="other")) != []
    assert page.shows(known) == []
