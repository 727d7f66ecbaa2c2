"""Time stamps of feeds, as vendors write them."""

import pytest

from tests.unit.parse.invented_feeds import atom, item, only, rss

STAMPS = {
    "Tue, 20 Oct 2026 10:00:00 CEST": "2026-10-20T08:00",
    "Fri, 20 Nov 2026 10:00:00 CET": "2026-11-20T09:00",
    "Fri, 20 Nov 2026 10:00:00 JST": "2026-11-20T01:00",
    "Fri, 20 Nov 2026 10:00:00 IST": "2026-11-20T04:30",
    "Fri, 20 Nov 2026 10:00:00 AEDT": "2026-11-19T23:00",
    "Fri, 20 Nov 2026 10:00:00 BRT": "2026-11-20T13:00",
    "Fri, 20 Nov 2026 10:00:00 MSK": "2026-11-20T07:00",
    "Fri, 20 Nov 2026 10:00:00 EST": "2026-11-20T15:00",
    "Fri, 20 Nov 2026 10:00:00 AM EST": "2026-11-20T15:00",
    "Fri, 20 Nov 2026 10:00 PM PDT": "2026-11-21T05:00",
    "Fri, 20 Nov 2026 10:00:00 PT": "2026-11-20T18:00",
    "Mon, 20 Jul 2026 10:00:00 PT": "2026-07-20T17:00",
    "Sun, 8 Mar 2026 01:59:00 ET": "2026-03-08T06:59",
    "Sun, 8 Mar 2026 03:00:00 ET": "2026-03-08T07:00",
    "Fri, 20 Nov 2026 10:00:00 GMT": "2026-11-20T10:00",
    "Fri, 20 Nov 2026 10:00:00 GMT+2": "2026-11-20T08:00",
    "Fri, 20 Nov 2026 10:00:00 UTC+05:30": "2026-11-20T04:30",
    "Fri, 20 Nov 2026 10:00:00 Z": "2026-11-20T10:00",
    "Fri, 20 Nov 2026 10:00:00 +0100 (CET)": "2026-11-20T09:00",
    "20 Nov 2026 10:00:00 -0330": "2026-11-20T13:30",
    "20 Nov 26 10:00 UT": "2026-11-20T10:00",
    "Fri, 20 Nov 2026 10:00:00": "2026-11-20T10:00",
    "Friday, 20-Nov-26 10:00:00 JST": "2026-11-20T01:00",
    "Nov 20, 2026 10:00 AM EST": "2026-11-20T15:00",
    "November 20, 2026 at 03:34 PM UTC": "2026-11-20T15:34",
    "2026-11-20T10:00:00.123456789+01:00": "2026-11-20T09:00",
    "2026-11-20T10:00:00Z": "2026-11-20T10:00",
    "2026-11-20T10:00:00+0100": "2026-11-20T09:00",
    "2026-11-20 10:00:00 CET": "2026-11-20T09:00",
    "2026-11-20T10:00:00": "2026-11-20T10:00",
    "1795168800": "2026-11-20T10:00",
    "1795168800.5": "2026-11-20T10:00",
    "1795168800123": "2026-11-20T10:00",
    "Fri, 20 Nov 2026 10:00:00 XYZT": "2026-11-20T10:00",
    "some day": None,
}


@pytest.mark.parametrize(("stamp", "moment"), STAMPS.items(), ids=STAMPS)
def test_a_stamp_is_read(stamp, moment):
    (update,) = only(rss(item(date=stamp))).updates
    time = update.created_at

    assert (time.strftime("%Y-%m-%dT%H:%M") if time else None) == moment


@pytest.mark.parametrize("stamp", ["Fri, 20 Nov 2026 10:00:00 CET", "2026-11-20T10:00:00+01:00", "1795165200"])
def test_an_item_and_an_entry_are_dated_alike(stamp):
    in_rss, in_atom = only(rss(item(date=stamp))), only(atom("Slow.", published=stamp))

    assert in_rss.updates[0].created_at == in_atom.updates[0].created_at
    assert in_rss.updates[0].created_at.isoformat() == "2026-11-20T09:00:00+00:00"


def test_what_only_the_feed_library_reads_is_read_by_it():
    assert (
        only(rss(item(date="Fri Nov 20 10:00:00 2026"))).updates[0].created_at.isoformat()
        == "2026-11-20T10:00:00+00:00"
    )


def test_the_begin_of_an_incident_is_not_the_time_of_its_newest_update():
    text = "<p><strong>Status:</strong> resolved</p><p>Fast.</p>"
    guid = "urn:flashduty:change:6927183076287"

    (begun,) = only(rss(item(guid=guid, description=text))).updates
    (other,) = only(rss(item(guid="g1", description=text))).updates
    (dated,) = only(rss(item(guid=guid, description=text, extra="<updated>2026-11-20T10:00:00Z</updated>"))).updates

    assert (begun.status, begun.created_at) == ("resolved", None)
    assert other.created_at is not None
    assert dated.created_at.isoformat() == "2026-11-20T10:00:00+00:00"
