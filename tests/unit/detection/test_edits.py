"""What updates said when they were last seen: edits and withdrawals."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fakes import NOON, incident, incidents_json, page, provider, summary, update
from tests.goldens import stories
from tests.strategies import snapshots
from tests.vendor import INCIDENTS, SITE, SUMMARY, TIMEOUT, Following
from tracker.detection.edits import MOST_INCIDENTS, MOST_TEXTS, MOST_WITHDRAWN, WITHDRAWN_AFTER, UpdateDigests, follow
from tracker.model.event import Event, EventKind
from tracker.model.page import Incident, IncidentUpdate, Omission, Snapshot
from tracker.model.page_state import UpdateDigest
from tracker.model.text_digest import text_digest

ACME = provider()


class Reader:
    """Somebody who reads a page again and again, and what edits were reported."""

    def __init__(self) -> None:
        self.digests: UpdateDigests = {}
        self.now = NOON

    def reads(self, snapshot: Snapshot) -> list[Event]:
        """Return what this answer brings."""
        self.now += timedelta(minutes=1)
        pending, self.digests = follow(ACME, self.digests, snapshot, self.now)
        assert all(piece.key is None for piece in pending), "the page's revision guards them, no seen-set does"
        return [piece.event for piece in pending]

    def sees(self, *incidents: Incident, minute: int | None = 0) -> list[Event]:
        return self.reads(page(*incidents, minute=minute))


@pytest.fixture
def reader() -> Reader:
    """Somebody who knows a page with one incident of two updates."""
    known = Reader()
    assert known.sees(slow(said("u1"), said("u2", "We fix it."))) == []
    return known


def said(update_id: str, body: str = "We look into it.", minute: int = 0) -> IncidentUpdate:
    return update(update_id, minute, body=body)


def slow(*updates: IncidentUpdate) -> Incident:
    return incident("i1", *updates)


def ids(events: Iterable[Event]) -> list[str]:
    return [event.id for event in events]


#: What a new update of a story says.
NEW = {"u1": "We look into it.", "u2": "We fix it.", "u3": "It is fixed."}
STORIES = stories("edits")


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_what_updates_say_in_successive_answers_is_reported_once(story: list[tuple[str, str]]) -> None:
    reader = Reader()
    texts = {text_digest(text): text for text in NEW.values()}
    for words, expected in story:
        given = dict(word.partition("=")[::2] for word in words.replace("clockless", "").split())
        said_now = {key: text.replace("_", " ") or NEW[key] for key, text in given.items() if key in NEW}
        texts |= {text_digest(text): text for text in said_now.values()}
        shown = [] if "gone" in given else [slow(*(said(*each) for each in said_now.items()))]

        events = reader.sees(*shown, minute=None if "clockless" in words else 0)

        found = [(event.id.removeprefix("acme/i1/"), texts[event.previous_digest or ""]) for event in events]
        for digest, text in texts.items():
            found = [(event_id.replace(digest, text), before) for event_id, before in found]
        assert "; ".join(f"{event_id} <{before}>" for event_id, before in found) == expected


# --- edits ---


def test_a_text_that_changes_is_reported(reader: Reader) -> None:
    (edited,) = reader.sees(slow(said("u1", "It was the network."), said("u2", "We fix it.")))

    digest = text_digest("It was the network.")
    assert edited == Event(
        id=f"acme/i1/u1/edited/{digest}",
        event=EventKind.UPDATE_EDITED,
        provider="acme",
        provider_name="Acme",
        product="Acme",
        incident_id="i1",
        incident="Incident i1",
        update_id="u1",
        status="investigating",
        message="It was the network.",
        published_at=NOON,
        seen_at=reader.now,
        previous_digest=text_digest("We look into it."),
    )


def test_what_else_changes_is_no_edit(reader: Reader) -> None:
    other_words = [update(known.id, 5, "resolved", body=known.body, components=("API",)) for known in known_updates()]

    assert reader.sees(incident("i1", *other_words, name="Another title", link="https://a.example")) == []


def known_updates() -> tuple[IncidentUpdate, ...]:
    return said("u1"), said("u2", "We fix it.")


def test_edits_are_reported_for_maintenances_and_for_pages_without_a_clock() -> None:
    reader = Reader()
    for text in ("We will be back.", "We will be back soon."):
        reported = reader.reads(page(minute=None, maintenances=(incident("m1", said("u1", text)),)))

    assert [event.incident_id for event in reported] == ["m1"]


@given(st.lists(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), max_size=60))
def test_no_two_edits_have_one_id_and_a_text_that_is_new_gives_the_id(texts: list[str]) -> None:
    reader = Reader()
    reader.sees(slow(said("u1", "-")))
    reported = [event for text in texts for event in reader.sees(slow(said("u1", text)))]

    assert len(set(ids(reported))) == len(reported)
    first = {event.message: event.id for event in reversed(reported)}
    for text, event_id in list(first.items())[-MOST_TEXTS:]:
        assert event_id.startswith(f"acme/i1/u1/edited/{text_digest(text)}")


def test_texts_that_were_put_back_are_reported_under_the_same_ids_again(reader: Reader) -> None:
    backup = reader.digests
    reported = []
    for _ in range(2):
        reader.digests = backup
        reported.append([ids(reader.sees(slow(said("u1", text)))) for text in ("Sorry.", "We look into it.", "Sorry.")])

    assert reported[0] == reported[1]


@pytest.mark.parametrize(
    "text", ["- We look into it.", "\u200bWe look\xa0into it.", "**We** look into it.", "\u2022 We look\n\n  into it."]
)
def test_other_markup_is_no_edit_and_the_next_edit_names_the_text_that_was_shown_last(
    reader: Reader, text: str
) -> None:
    assert reader.sees(slow(said("u1", text), said("u2", "We fix it."))) == []
    (edited,) = reader.sees(slow(said("u1", "Sorry."), said("u2", "We fix it.")))

    assert edited.previous_digest == text_digest(text)


# --- what a version before took down: digests to the letter, and nothing else ---


def taken_down_before(digests: UpdateDigests) -> UpdateDigests:
    """Return a ledger as a version wrote it that knew nothing but digests."""
    return {
        incident_id: {key: UpdateDigest(digest=entry.digest, missing=entry.missing) for key, entry in entries.items()}
        for incident_id, entries in digests.items()
    }


def test_after_an_upgrade_texts_that_stay_are_no_edits_and_one_that_changes_is(reader: Reader) -> None:
    reader.digests = taken_down_before(reader.digests)

    assert ids(reader.sees(slow(said("u1", "Sorry."), said("u2", "We fix it.")))) == [
        f"acme/i1/u1/edited/{text_digest('Sorry.')}"
    ]
    assert reader.sees(slow(said("u1", "* Sorry."), said("u2", "We  fix it."))) == []


def test_an_upgrade_that_reads_all_texts_otherwise_edits_nothing() -> None:
    reader = Reader()
    many = [incident(f"i{number}", said("u1", f"State: text {number}"), said("u2", "Same.")) for number in range(3)]
    reader.sees(*many)
    reader.digests = taken_down_before(reader.digests)
    otherwise = [
        incident(f"i{number}", said("u1", f"Text {number}"), said("u2", f"State: same {number}")) for number in range(3)
    ]

    assert reader.sees(*otherwise) == []
    (edited,) = reader.sees(*otherwise[:2], incident("i2", said("u1", "Sorry."), said("u2", "State: same 2")))
    assert (edited.incident_id, edited.update_id) == ("i2", "u1")


def test_an_edit_that_a_version_before_may_have_reported_gets_another_id_when_its_text_returns(reader: Reader) -> None:
    reader.digests = taken_down_before(reader.digests)
    texts = ["We look into it.", "Sorry.", "We look into it."]
    reported = [event for text in texts for event in reader.sees(slow(said("u1", text), said("u2", "We fix it.")))]

    sorry, first = (f"acme/i1/u1/edited/{text_digest(text)}" for text in ("Sorry.", "We look into it."))
    assert ids(reported) == [sorry, f"{first}/2"]


# --- withdrawals ---


def test_a_withdrawal_says_what_is_gone(reader: Reader) -> None:
    for _ in range(WITHDRAWN_AFTER):
        reported = reader.sees(slow(said("u1")))

    (event,) = reported
    assert (event.event, event.status, event.message) == (EventKind.UPDATE_WITHDRAWN, "withdrawn", None)
    assert (event.incident_id, event.update_id) == ("i1", "u2")


@pytest.mark.parametrize(("kind", "withdrawn"), [("update", 0), ("component", 1), ("incident", 1)])
def test_an_answer_with_an_update_that_could_not_be_read_withdraws_nothing(
    reader: Reader, kind: str, withdrawn: int
) -> None:
    partly = replace(page(slow(said("u1"))), omissions=(Omission(kind=kind, reason="no id"),))

    assert len([event for _ in range(2 * WITHDRAWN_AFTER) for event in reader.reads(partly)]) == withdrawn


def test_all_of_many_updates_that_are_withdrawn_at_once_are_reported_and_the_last_ones_remembered() -> None:
    reader = Reader()
    many = [said(f"v{number:02}") for number in range(MOST_WITHDRAWN + 5)]
    reader.sees(slow(said("u1"), *many))

    reported = [ids(reader.sees(slow(said("u1")))) for _ in range(WITHDRAWN_AFTER + 1)]

    assert [len(events) for events in reported] == [0, 0, len(many), 0]
    assert len(reader.digests["i1"]) == 1 + MOST_WITHDRAWN


# --- bounds ---


def test_the_incidents_that_were_seen_last_are_kept() -> None:
    reader = Reader()
    for number in range(MOST_INCIDENTS + 50):
        reader.sees(incident("first", said("u1")), incident(f"i{number}", said("u1")))

    assert len(reader.digests) == MOST_INCIDENTS
    assert "first" in reader.digests
    assert "i0" not in reader.digests


def test_a_page_with_more_incidents_than_are_kept_reports_nothing_by_itself() -> None:
    reader = Reader()
    many = [incident(f"i{number}", said("u1")) for number in range(MOST_INCIDENTS + 50)]

    assert [reader.sees(*many) for _ in range(4)] == [[]] * 4
    assert len(reader.digests) == MOST_INCIDENTS


# --- whatever a page shows ---


@given(snapshots)
def test_first_sight_teaches_silently_and_the_same_answer_again_changes_nothing(snapshot: Snapshot) -> None:
    reported, digests = follow(ACME, {}, snapshot, NOON)

    assert reported == ()
    assert follow(ACME, digests, snapshot, NOON) == ((), digests)


@st.composite
def texts_shown(draw: st.DrawFn) -> Snapshot:
    """A page with few incidents, few updates and few texts, so that they come, change and go."""
    texts = draw(st.dictionaries(st.sampled_from(["i1/u1", "i1/u2", "i2/u1"]), st.sampled_from(["", "a", "b"])))
    by_incident = {key.partition("/")[0]: [] for key in texts}
    for key, text in texts.items():
        incident_id, _, update_id = key.partition("/")
        by_incident[incident_id].append(said(update_id, text))
    return page(*(incident(known, *updates) for known, updates in by_incident.items()))


@given(st.lists(texts_shown(), max_size=12))
def test_an_edit_is_of_a_text_that_differs_from_the_one_that_was_shown_last_and_is_known(shown: list[Snapshot]) -> None:
    reader = Reader()
    texts: dict[tuple[str, str], str] = {}
    for snapshot in (each for each in shown for _ in range(2)):
        for event in reader.reads(snapshot):
            if event.event is EventKind.UPDATE_EDITED:
                assert event.previous_digest == text_digest(texts[event.incident_id, event.update_id])
                assert event.message not in ("", texts[event.incident_id, event.update_id])
        for known in (*snapshot.incidents, *snapshot.maintenances):
            texts |= {(known.id, posted.id): posted.body for posted in known.updates if posted.body}
    digests = {
        (incident_id, update_id): entry.digest
        for incident_id, entries in reader.digests.items()
        for update_id, entry in entries.items()
        if entry.digest
    }

    assert digests.items() <= {key: text_digest(text) for key, text in texts.items()}.items()


# --- over many polls ---


class Story(Following):
    """A vendor and somebody who polls their page, after both know the first incident."""

    def __init__(self, **fields: object) -> None:
        super().__init__(**fields)
        self.key = self.vendor.posts()
        self.incident_id = self.key.partition("/")[0]
        self.reported_after_polls()


EDITED = EventKind.UPDATE_EDITED


def test_an_edit_of_what_only_a_detail_shows_is_reported() -> None:
    story = Story()
    story.vendor.posts(story.incident_id, "resolved")
    story.watcher.polls()
    story.watcher.reported()
    story.vendor.edits(story.key, "It was the network.")

    assert story.reported_after_polls(3) == [EDITED]


def test_an_edit_and_a_new_update_are_reported_together_the_update_first() -> None:
    story = Story()
    story.vendor.edits(story.key, "It was the network.")
    story.vendor.posts(story.incident_id, "identified")

    assert story.reported_after_polls(2) == [EventKind.INCIDENT_UPDATE, EDITED]


def test_a_text_that_the_newer_answer_leaves_out_is_taken_from_the_older_one() -> None:
    story = Story()
    key = story.vendor.posts()
    bare = [
        replace(known, updates=tuple(replace(said, body="") for said in known.updates))
        for known in story.vendor.versions[-1].incidents
    ]
    story.vendor.stamps()
    story.vendor.answers(detail_age=1)
    story.vendor.fetcher.answers(SUMMARY, summary(replace(story.vendor.versions[-1], incidents=tuple(bare))))

    story.watcher.polls()

    assert [(event.update_id, event.message) for event in story.watcher.reported()] == [
        (key.partition("/")[2], "Text 2")
    ]


def test_a_withdrawal_is_reported_once_after_three_changed_answers() -> None:
    story = Story()
    story.vendor.posts(story.incident_id, "identified")
    story.watcher.polls()
    story.watcher.reported()
    story.vendor.deletes(story.key)
    reported = []
    for _ in range(5):
        reported.append(story.reported_after_polls(2))
        story.vendor.stamps()

    assert reported == [[], [], [EventKind.UPDATE_WITHDRAWN], [], []]


def test_an_edit_is_reported_when_the_address_was_corrected_meanwhile() -> None:
    story = Story()
    story.vendor.edits(story.key, "It was the network.")
    story.watcher.moves(f"{SITE}/eu")

    assert story.reported_after_polls(2) == [EventKind.UPDATE_EDITED]


def test_what_the_provider_leaves_out_is_neither_edited_nor_withdrawn() -> None:
    watched = provider(components=("API*",))
    web, api = (incident(name, said("u1"), said("u2"), components=(name,)) for name in ("Web", "API"))
    edited_web, edited_api = (incident(name, said("u1", "Sorry."), components=(name,)) for name in ("Web", "API"))
    _, digests = follow(watched, {}, page(web, api), NOON)
    reported = []
    for _ in range(WITHDRAWN_AFTER):
        pending, digests = follow(watched, digests, page(edited_web, edited_api), NOON)
        reported += [(piece.event.event, piece.event.product, piece.event.components) for piece in pending]

    assert reported == [(EDITED, "Acme - API", ("API",)), (EventKind.UPDATE_WITHDRAWN, "Acme - API", ("API",))]


def test_an_endpoint_that_lags_behind_another_does_not_take_an_edit_back() -> None:
    story = Story()
    story.vendor.stamps()
    story.vendor.stamps()
    story.vendor.edits(story.key, "It was the network.")
    story.vendor.posts()
    story.vendor.answers(age=3, detail_age=0)
    reported = story.reported_after_polls(1)
    for age in (2, 1, 0):
        story.vendor.fetcher.not_modified(INCIDENTS)
        story.vendor.fetcher.answers(SUMMARY, summary(story.vendor.versions[-1 - age]))
        reported += story.reported_after_polls(1)

    assert reported == [EventKind.NEW_INCIDENT, EDITED]


def test_an_endpoint_that_lags_behind_another_withdraws_nothing() -> None:
    story = Story()
    story.vendor.stamps()
    for _ in range(6):
        story.vendor.posts(story.incident_id, "identified")
    story.vendor.answers(age=6, detail_age=0)
    story.reported_after_polls(1)
    for age in (5, 4, 3, 2, 1, 0):
        story.vendor.fetcher.not_modified(INCIDENTS)
        story.vendor.fetcher.answers(SUMMARY, summary(story.vendor.versions[-1 - age]))

        assert story.reported_after_polls(1) == []


def test_an_edit_of_an_incident_that_was_closed_since_is_not_taken_back_by_a_detail_that_lags() -> None:
    story = Story()
    story.vendor.edits(story.key, "It was the network.")
    story.vendor.fetcher.raises(INCIDENTS, TIMEOUT)
    reported = story.reported_after_polls(1)
    before = incidents_json(story.vendor.versions[-2])
    story.vendor.posts(story.incident_id, "resolved")
    story.vendor.fetcher.answers(INCIDENTS, before)
    reported += story.reported_after_polls(2)
    story.vendor.answers()

    assert reported + story.reported_after_polls(2) == [EDITED, EventKind.INCIDENT_UPDATE]
