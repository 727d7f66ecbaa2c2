"""A page that a version before the present keys has read: nothing is reported again, and nothing is left out."""

from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fakes import incident, page, update
from tests.vendor import Watch
from tracker.model.keys import KEYS_VERSION, former_key
from tracker.model.page import Snapshot

IDS = ["a", "a/b", "b", "b/c", "c", "a%2Fb", "%", "status", "a/status", "status/c", "component", "b\nc", "東/京"]
pairs = st.frozensets(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)), max_size=8)


def showing(known: frozenset[tuple[str, str]], new: frozenset[tuple[str, str]], minute: int) -> Snapshot:
    """Return a page with these updates, the new ones after the others."""
    ordered = [(pair, number) for number, group in enumerate((known, new)) for pair in sorted(group)]
    ids = dict.fromkeys(incident_id for (incident_id, _), _ in ordered)
    shown = (
        incident(each, *(update(u, number, body=f"Text of {u}") for (i, u), number in ordered if i == each))
        for each in ids
    )
    return page(*shown, minute=minute)


def of_a_version_before(watch: Watch) -> None:
    """Have what is kept of the page as those versions kept it."""
    pages, acme = watch.pages, watch.provider.id
    pages._states[acme] = replace(pages._states[acme], keys_version=0)
    pages._seen[acme] = set(map(former_key, pages._seen[acme]))


@example(frozenset({("a", "b/c")}), frozenset({("a/b", "c")}))
@example(frozenset({("a/b", "c"), ("a", "b/c")}), frozenset({("a/b", "b")}))
@example(frozenset({("a%2Fb", "c")}), frozenset({("a/b", "c")}))
@given(pairs, pairs)
def test_each_update_is_reported_once(known: frozenset[tuple[str, str]], new: frozenset[tuple[str, str]]) -> None:
    watch, new = Watch(first_sight="all"), new - known
    watch.shows(showing(known, frozenset(), minute=1))
    first = [(event.incident_id, event.update_id) for event in watch.reported_after()]
    of_a_version_before(watch)
    watch.shows(showing(known, new, minute=2))
    then = [(event.incident_id, event.update_id) for event in watch.reported_after()]

    assert sorted(first) == sorted(known)
    assert sorted(then) == sorted(new)
    assert watch.state.keys_version == KEYS_VERSION
    kept = watch.pages._seen[watch.provider.id]
    assert {former_key(key) for key in kept} <= kept, "a version before beside this one would report something again"
    watch.shows(showing(known, new, minute=3))
    assert watch.reported_after() == []
