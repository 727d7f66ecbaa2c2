"""Hypothesis strategies for what pages say: few ids, so that snapshots of one page overlap."""

import unicodedata
from datetime import UTC, datetime

from hypothesis import strategies as st

from tracker.model.page import Component, ComponentStatus, Impact, Incident, IncidentUpdate, OpenIncident, Snapshot
from tracker.model.page_state import (
    Activity,
    Gaps,
    KnownAnswer,
    PageState,
    PageView,
    Readability,
    Relocation,
    Source,
    Trace,
)
from tracker.model.provider import Cadence, Provider, Validators

#: What JSON in UTF-8 can hold: anything but lone surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  aware by `timezones`
impacts = st.none() | st.sampled_from(Impact)
names = st.sampled_from(["API", "Chat", "Web"])
statuses = st.sampled_from(["investigating", "identified", "monitoring", "resolved", "postmortem"])
provider_ids = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)


@st.composite
def incident_updates(draw: st.DrawFn) -> tuple[IncidentUpdate, ...]:
    """Updates of one incident, oldest first: by time when all have one, else in an order only the vendor knows."""
    ids = draw(st.lists(st.sampled_from("uvwxyz"), unique=True, max_size=4))
    all_dated = draw(st.booleans())
    times = moments if all_dated else st.none() | moments
    updates = [
        IncidentUpdate(
            id=update_id,
            status=draw(statuses),
            body=draw(texts),
            created_at=draw(times),
            components=tuple(draw(st.lists(names, unique=True, max_size=1))),
        )
        for update_id in ids
    ]
    return tuple(sorted(updates, key=lambda update: update.created_at) if all_dated else updates)


@st.composite
def incidents(draw: st.DrawFn, alphabet: str = "abcd") -> tuple[Incident, ...]:
    """Incidents with ids of their own."""
    return tuple(
        Incident(
            id=incident_id,
            name=draw(texts),
            status=draw(statuses),
            impact=draw(impacts),
            updates=draw(incident_updates()),
            components=tuple(draw(st.lists(names, unique=True, max_size=2))),
        )
        for incident_id in draw(st.lists(st.sampled_from(alphabet), unique=True, max_size=3))
    )


@st.composite
def components(draw: st.DrawFn) -> tuple[Component, ...]:
    """Components with ids of their own."""
    ids = draw(st.lists(st.sampled_from("pqrs"), unique=True, max_size=4))
    return tuple(Component(id=part, name=part.upper(), status=draw(st.sampled_from(ComponentStatus))) for part in ids)


snapshots = st.builds(
    Snapshot,
    name=st.none() | texts,
    updated_at=st.none() | moments,
    indicator=impacts,
    incidents=incidents("abcd"),
    maintenances=incidents("mn"),
    components=components(),
    components_complete=st.booleans(),
)

_validators = st.builds(Validators, etag=st.none() | texts, last_modified=st.none() | texts)
_urls = st.sampled_from(["https://a.example", "https://a.example/api/v2/summary.json", "https://b.example/feed.rss"])

states = st.builds(
    PageState,
    url=_urls,
    seeded=st.booleans(),
    keys_version=st.integers(0, 1),
    source=st.none()
    | st.builds(Source, format=st.sampled_from(["statuspage", "feed"]), primary=_urls, details=st.tuples(_urls)),
    relocation=st.builds(Relocation, searched_at=st.none() | moments, moved_at=st.none() | moments),
    answers=st.dictionaries(
        _urls,
        st.builds(
            KnownAnswer,
            validators=_validators,
            digest=st.none() | texts,
            stamp=st.none() | moments,
            is_ahead=st.booleans(),
            missing_since=st.none() | moments,
        ),
    ),
    projection=st.none() | texts,
    gaps=st.builds(
        Gaps, unsettled_since=st.none() | moments, stale_since=st.none() | moments, lagging_since=st.none() | moments
    ),
    readability=st.builds(
        Readability,
        failures=st.integers(0, 1000),
        failing_since=st.none() | moments,
        failure_reason=st.none() | texts,
        failure=st.none() | texts,
    ),
    activity=st.builds(Activity, changed_at=st.none() | moments),
)

_open_incidents = st.lists(
    st.builds(
        OpenIncident,
        id=texts,
        name=texts,
        status=texts,
        impact=impacts,
        link=st.none() | texts,
        update_id=st.none() | texts,
        updated_at=st.none() | moments,
        began_at=st.none() | moments,
        components=st.lists(names, max_size=2).map(tuple),
        regions=st.lists(names, max_size=2).map(tuple),
        scheduled_for=st.none() | moments,
        scheduled_until=st.none() | moments,
    ),
    max_size=2,
).map(tuple)

_traces = st.builds(
    Trace,
    status=statuses,
    impact=impacts,
    update_id=st.none() | texts,
    update_status=st.none() | statuses,
    reported=st.none() | statuses,
    is_absent=st.booleans(),
    changes=st.integers(0, 100),
    names=st.lists(texts, max_size=2).map(tuple),
)

views = st.builds(
    PageView,
    name=st.none() | texts,
    indicator=impacts,
    components=components().map(lambda parts: {part.id: part for part in parts}),
    open_incidents=_open_incidents,
    open_maintenances=_open_incidents,
    planned_maintenances=_open_incidents,
    gone_components=components().map(lambda parts: {part.id: part for part in parts}),
    missing=st.lists(texts, max_size=2).map(tuple),
    missing_components=st.lists(texts, max_size=2).map(tuple),
    doubted=st.lists(texts, max_size=2).map(tuple),
    traces=st.dictionaries(texts, _traces, max_size=2),
    components_complete=st.booleans(),
    named_components=st.lists(texts, max_size=2).map(tuple),
    named_regions=st.lists(texts, max_size=2).map(tuple),
    falls_reported=st.lists(texts, max_size=2).map(tuple),
)

providers = st.builds(
    Provider,
    id=provider_ids,
    name=texts,
    url=_urls,
    interval_s=st.integers(1, 86400),
    cadence=st.sampled_from(Cadence),
    components=st.lists(texts, max_size=2).map(tuple),
    regions=st.lists(texts, max_size=2).map(tuple),
    min_impact=st.sampled_from([Impact.NONE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL]),
    events=st.lists(texts, max_size=2).map(tuple),
    maintenance=st.booleans(),
)

_BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
_INVISIBLE = {"\u061c", "\u200b", "\u200e", "\u200f", "\ufeff", *map(chr, range(0x2060, 0x2070))}

#: Text with far more than its share of what terminals obey.
hostile_texts = st.text(
    st.characters()
    | st.sampled_from([*_INVISIBLE, *"\0\r\n\t\v\f\x1b\x7f\x85\x9b\u2028\u2029\u202a\u202e\u2066\u2069\U000e0041"])
)


def is_safe(character: str) -> bool:
    """Tell whether a character neither moves a cursor, nor ends a line, nor turns or hides text."""
    return (
        unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        and unicodedata.bidirectional(character) not in _BIDI
        and character not in _INVISIBLE
        and not 0xE0000 <= ord(character) < 0xE0080
        and (character == " " or not character.isspace())
    )
