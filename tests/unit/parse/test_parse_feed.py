"""Feeds as a whole, and entries that hold one text."""

import pytest

from tests.unit.parse.invented_feeds import OPEN, atom, ids, item, only, post, rss
from tracker.errors import ParseError
from tracker.model.page import Impact
from tracker.parse import read


@pytest.mark.parametrize("label", ["Scheduled", "In progress", "Verifying", "Completed", "Concluído", "完了"])
def test_a_status_that_only_maintenances_have_makes_one(label):
    shown = read(atom(post("Jan  2, 00:05 UTC", label, "x")))

    assert shown.incidents == ()
    assert [each.impact for each in shown.maintenances] == [Impact.MAINTENANCE]


def note(
    *, status="Monitoring", text="It works.", items=("API (Operational)", "Web (Operational)"), stamp="07:30:12.046"
):
    listed = "".join(f"<li>{each}</li>\n" for each in items)
    components = f"<b>Affected components</b>\n  <ul>\n{listed}</ul>" if items else ""
    content = f"<b>Status: {status}</b><br/><br/>{text}<br/><br/>{components}"
    return only(atom(content, published="2026-01-02T00:00:00Z", updated=f"2026-05-02T{stamp}Z"))


def test_a_component_list_in_another_order_is_no_news():
    assert note() == note(items=("Web (Operational)", "API (Operational)"))


def test_a_component_list_that_changes_makes_no_new_update():
    assert ids(note()) == ids(note(items=("API (Partial outage)",))) == ids(note(items=()))


NEWS = {
    "a status": {"status": "Resolved"},
    "a text": {"text": "It works again."},
}


@pytest.mark.parametrize("change", NEWS.values(), ids=NEWS.keys())
def test_what_makes_a_new_update_of_a_note(change):
    assert ids(note()) != ids(note(**change))


def test_a_time_makes_no_new_update_of_a_note():
    assert ids(note()) == ids(note(stamp="07:31:12.046"))


def test_blanks_make_no_new_update_of_a_note():
    assert ids(note(text="It works.<br/>Really.")) == ids(note(text="It   works.<br/><br/>Really. "))


HEADINGS = {
    "Status: Resolved": "resolved",
    "Status: In Progress": "in_progress",
    "Status: Resolvido": "resolved",
    "Statut : Résolu": "resolved",
    "Estado: Resuelto": "resolved",
    "Status: Gelöst": "resolved",
    "状态\uff1a已恢复": "resolved",
    "ステータス: 解決": "resolved",
    "Status: Service degradation": "investigating",
    "Status: Operational": "resolved",
    "Status: Being Looked At": "unknown",
}


@pytest.mark.parametrize(("heading", "status"), HEADINGS.items(), ids=HEADINGS.keys())
def test_a_status_line_is_read_in_the_languages_of_pages(heading, status):
    (update,) = only(atom(f"<b>{heading}</b><br/><br/>x")).updates

    assert (status, "x") == (update.status, update.body)


def test_a_word_that_is_not_known_is_kept_as_written_and_counted():
    shown = read(
        rss(item(description="Status: Being Looked At - slow"), item(guid="g2", description="Status: Resolved"))
    )

    assert shown.unknown_words == ("Being Looked At",)
    assert [(update.status, update.vendor_status, update.body) for update in shown.incidents[0].updates] == [
        ("unknown", "Being Looked At", "slow")
    ]


TITLES = {
    "[Resolved] Queues": "resolved",
    "[已恢复] 队列": "resolved",
    "RESOLVED: Queues": "resolved",
    "Queues [INVESTIGATING]": "investigating",
    "Service is operating normally: Queues": "resolved",
    "[API] Queues": "unknown",
    "Queues: slow": "unknown",
}


@pytest.mark.parametrize(("title", "status"), TITLES.items(), ids=TITLES.keys())
def test_a_title_may_name_the_status(title, status):
    assert only(rss(item(title=title))).status == status


def test_a_category_may_name_the_status():
    categories = "<category>major</category><category>Resolved</category>"

    assert only(rss(item(extra=categories))).status == "resolved"


def test_categories_make_no_new_update():
    assert ids(only(rss(item()))) == ids(only(rss(item(extra="<category>Compute</category>"))))


def test_a_new_text_under_the_old_time_is_a_new_update():
    assert ids(only(rss(item()))) != ids(only(rss(item(description="Fast."))))


IDENTITIES = {
    "the id in the address": ("https://a.example/incidents/abc", "abc"),
    "the id behind a doubled slash": ("https://a.example//incidents/abc", "abc"),
    "the id before a slash": ("https://a.example/incidents/abc/", "abc"),
    "the id before a query": ("https://a.example/incidents/abc?x=1#y", "abc"),
    "its own when the address is of no incident": (
        "https://a.example/",
        "tag:status.harborcloud.example,2005:Incident/1",
    ),
    "its own when the address is of all incidents": (
        "https://a.example/incidents/",
        "tag:status.harborcloud.example,2005:Incident/1",
    ),
    "its own when the address is broken": ("https://[a", "tag:status.harborcloud.example,2005:Incident/1"),
}


@pytest.mark.parametrize(("link", "incident_id"), IDENTITIES.values(), ids=IDENTITIES.keys())
def test_the_identity_of_an_entry(link, incident_id):
    assert only(atom(post(*OPEN), link=link)).id == incident_id


def test_a_link_loses_its_doubled_slashes():
    assert only(atom("x", link="https://a.example//incidents/abc")).link == "https://a.example/incidents/abc"


def test_a_link_that_is_no_web_address_is_none():
    assert only(atom("x", link="javascript:alert(1)")).link is None


def test_entries_of_one_identity_are_one_incident_with_the_updates_of_all():
    body = rss(
        item(
            title="Second", description="Fast.", date="Fri, 02 Jan 2026 00:40:00 GMT", extra="<status>Resolved</status>"
        ),
        item(title="First"),
        item(guid="g2", title="Other"),
    )

    first, other = read(body).incidents

    assert (
        first.name,
        first.status,
        [each.body for each in first.updates],
    ) == ("Second", "resolved", ["Slow.", "Fast."])
    assert other.name == "Other"


def test_one_entry_of_a_maintenance_makes_the_others_of_its_identity_a_part_of_it():
    (found,) = read(rss(item(title="[Resolved] x"), item(title="[Scheduled] x"))).maintenances

    assert found.impact is Impact.MAINTENANCE
    assert len(found.updates) == 2


def test_the_feed_s_own_time_is_not_the_page_s():
    body = rss("<lastBuildDate>Fri, 02 Jan 2026 00:40:00 GMT</lastBuildDate>", item())

    assert read(body).updated_at is None


@pytest.mark.parametrize("body", [rss(), b"<feed xmlns='http://www.w3.org/2005/Atom'/>"], ids=["RSS", "Atom"])
def test_a_feed_without_entries_is_a_quiet_page(body):
    assert read(body).incidents == ()


REFUSED = {
    "a feed that breaks off": (rss(item())[:-20], "the feed breaks off before its end"),
    "a feed of nothing but markup": (
        rss("<a/>" * 300_001),
        "the feed holds more markup than a status page's",
    ),
}


@pytest.mark.parametrize(("body", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_a_feed_is_refused(body, sentence):
    with pytest.raises(ParseError) as refused:
        read(body)

    assert str(refused.value) == sentence


def test_an_entry_with_neither_id_nor_address_is_known_by_its_title_and_time():
    found = only(rss("<item><title>Notice</title><pubDate>Fri, 02 Jan 2026 00:30:20 GMT</pubDate></item>"))
    edited = only(rss("<item><title>[Resolved] Notice</title><pubDate>Fri, 02 Jan 2026 00:30:20 GMT</pubDate></item>"))
    later = only(rss("<item><title>Notice</title><pubDate>Sat, 03 Jan 2026 00:30:20 GMT</pubDate></item>"))

    assert (found.name, found.link) == ("Notice", None)
    assert found.id == edited.id != later.id


def test_an_entry_that_nothing_tells_apart_is_left_out_and_the_rest_is_read():
    shown = read(rss(item(), "<item><description>x</description></item>", item(guid="g2")))

    assert [incident.id for incident in shown.incidents] == ["g1", "g2"]
    assert [omission.kind for omission in shown.omissions] == ["incident"]


def test_items_that_are_components_are_no_incidents():
    shown = read(
        rss(
            *(
                item(guid="TW9u", title=title, extra=f"<link>https://a.example#/components/{number}</link>")
                for number, title in enumerate(
                    ("api - Operational", "web-app - Partial  Outage", "db - UNDER_MAINTENANCE")
                )
            ),
            item(guid="TW9u", title="db - slow", extra="<link>https://a.example#/incidents/7</link>"),
        )
    )

    assert [(part.id, part.name, part.status) for part in shown.components] == [
        ("0", "api", "operational"),
        ("1", "web-app", "partial_outage"),
        ("2", "db", "under_maintenance"),
    ]
    assert [incident.name for incident in shown.incidents] == ["db - slow"]


def test_whatever_the_feed_library_raises_is_a_refusal(monkeypatch):
    def fail(*_: object, **__: object):
        raise AssertionError("surprise")

    monkeypatch.setattr("tracker.parse.feed.parsed", fail)

    with pytest.raises(ParseError, match=r"^the feed cannot be read \(AssertionError\)$"):
        read(rss(item()))


def test_an_external_doctype_is_not_fetched():
    body = b'<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd">' + rss(item())

    assert len(read(body).incidents) == 1
