"""Keys and event ids: one for each thing, whatever the ids of its parts hold."""

from hypothesis import example, given
from hypothesis import strategies as st

from tracker.model.keys import (
    event_id,
    former_key,
    incident_part,
    key_of_incident,
    key_of_update,
    parted,
    present_event_id,
)

WORDS = ["status", "ended", "title", "component", "page_moved", "edited", "withdrawn", "a", "b", "%", "%2F", "1-2"]
ids = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map("/".join) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8
)
digests = st.sampled_from(["0123456789abcdef", "fedcba9876543210"])
numbers = st.sampled_from(["", "/2", "/3"])
things = st.one_of(
    st.tuples(st.just("update"), ids, ids),
    st.tuples(st.just("edit"), ids, ids, digests, numbers),
    st.tuples(st.just("withdrawal"), ids, ids, numbers),
    st.tuples(st.just("component"), ids, st.sampled_from(["1-2", "3-17"])),
    st.tuples(st.just("page"), st.sampled_from(["page_moved/3-4", "page_unreadable/17", "page_readable/17"])),
)


def named(thing: tuple[str, ...], *, is_former: bool = False) -> str:
    """Return the id of the event that one thing becomes, or became in versions before these keys."""
    if thing[0] == "component":
        return f"acme/component/{thing[1]}/{thing[2]}"
    if thing[0] == "page":
        return f"acme/{thing[1]}"
    incident, update, *rest = thing[1:]
    own = f"acme/{incident}/{update}" if is_former else event_id("acme", incident, update)
    behind = {"update": "", "edit": "/edited/", "withdrawal": "/withdrawn"}[thing[0]]
    return own + behind + "".join(rest)


@example(("update", "a", "b/c"), ("update", "a/b", "c"))
@example(("update", "a", "u/edited/0123456789abcdef"), ("edit", "a", "u", "0123456789abcdef", ""))
@example(("update", "a", "status/withdrawn"), ("withdrawal", "a", "status", ""))
@example(("update", "component", "status/1-2"), ("component", "status", "1-2"))
@given(things, things)
def test_two_things_have_two_ids(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert (named(one) == named(other)) == (one == other)


@given(ids, ids)
def test_a_key_says_what_it_is_made_of(incident: str, update: str) -> None:
    key, former = key_of_update(incident, update), f"{incident}/{update}"

    assert parted(key) == (incident, update)
    assert parted(key_of_incident(incident)) == (incident, "")
    assert incident_part(key) == key_of_incident(incident) != key
    assert former_key(key) == former
    assert (key == former) == (former.count("/") == 1)


@given(things)
def test_an_event_of_a_version_before_is_the_same_one(thing: tuple[str, ...]) -> None:
    about = thing[1:3] if thing[0] in ("update", "edit", "withdrawal") else (None, None)

    assert present_event_id(named(thing, is_former=True), "acme", *about) == named(thing)
    assert present_event_id(named(thing), "acme", *about) == named(thing)


def test_ordinary_ids_stand_in_event_ids_as_they_are() -> None:
    assert event_id("acme", "über 東京", "0vdfb1zs7h5l#2") == "acme/über 東京/0vdfb1zs7h5l#2"
    assert event_id("acme", "p31zjtct2jer", "status/resolved#2") == "acme/p31zjtct2jer/status/resolved#2"
