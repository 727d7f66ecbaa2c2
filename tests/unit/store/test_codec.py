"""What is written to the data server can be read again, also by a later version."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.strategies import providers, states, texts, views
from tracker.errors import StoreError
from tracker.model.page import Component, ComponentStatus, Impact, OpenIncident
from tracker.model.page_state import Activity, KnownAnswer, PageState, PageView, Readability, Source, UpdateDigest
from tracker.model.provider import FirstSight, Provider, Validators
from tracker.store.codec import (
    decode_digests,
    decode_provider,
    decode_state,
    decode_view,
    encode_digests,
    encode_provider,
    encode_state,
    encode_view,
)
from tracker.store.stored_state import StoredState

SUMMARY = "https://status.acme.example/api/v2/summary.json"

#: As version 1 wrote them. They must be readable for ever.
V1_STATE = (
    b'1{"url":"https://status.acme.example","seeded":true,"source":{"format":"statuspage","primary":"'
    + SUMMARY.encode()
    + b'","details":["https://status.acme.example/api/v2/incidents.json"]},"answers":{"'
    + SUMMARY.encode()
    + b'":{"validators":{"etag":"W/\\"1\\"","last_modified":null},"digest":"d1","stamp":"2025-11-03T12:00:00Z"}},'
    b'"projection":"p1","failures":2,"failing_since":"2025-11-03T12:01:00.25Z","failure_reason":"timeout",'
    b'"failure":"no answer within 10 s","changed_at":"2025-11-03T12:00:01Z"}'
)
_AT = b'"2025-11-03T12:00:00Z"'
#: Every field that a state may have, in the order in which all versions have written them.
WHOLE_STATE = (
    b'1{"url":"u","seeded":true,"source":{"format":"feed","primary":"p"},"former":{"format":"feed","primary":"f"},'
    b'"searched_at":%b,"moved_at":%b,"answers":{"p":{}},"known_until":%b,"projection":"d","stale_since":%b,'
    b'"lagging_since":%b,"unsettled_since":%b,"detail_failure":"e","failures":1,"failing_since":%b,'
    b'"failure_reason":"dns","failure":"e","unreadable_since":%b,"changed_at":%b,"incident_at":%b,"calm_since":%b}'
) % ((_AT,) * 11)
V1_VIEW = (
    b'1{"name":"Acme","indicator":"minor","components":{"c1":{"id":"c1","name":"API","status":"partial_outage",'
    b'"group":null}},"open_incidents":[{"id":"i1","name":"Slow","status":"identified","impact":"minor",'
    b'"link":"https://status.acme.example/incidents/i1","updated_at":"2025-11-03T12:00:00Z"}]}'
)
V1_PROVIDER = (
    b'{"id":"acme","name":"Acme","url":"https://status.acme.example","format":"auto","interval_s":60,'
    b'"allow_private":false,"components":["API*"],"first_sight":"open","origin":"file"}'
)


digests_by_page = st.dictionaries(
    st.sampled_from("ij"),
    st.dictionaries(
        st.sampled_from("uv"),
        st.builds(
            UpdateDigest,
            digest=st.none() | texts,
            words=st.none() | texts,
            missing=st.integers(0, 3),
            edits=st.integers(0, 100),
            edited_to=st.lists(texts, max_size=3).map(tuple),
            withdrawals=st.integers(0, 9),
        ),
    ),
)
STORED = {
    "state": (states, encode_state, decode_state),
    "view": (views, encode_view, decode_view),
    "provider": (providers, encode_provider, decode_provider),
    "digests": (digests_by_page, encode_digests, decode_digests),
}


@pytest.mark.parametrize(("values", "encode", "decode"), STORED.values(), ids=STORED)
@given(data=st.data())
def test_what_is_written_is_read_as_it_was(values, encode, decode, data: st.DataObject) -> None:
    value = data.draw(values)

    assert decode(encode(value)) == value


def test_a_state_of_version_1_is_still_read() -> None:
    assert decode_state(V1_STATE) == PageState(
        url="https://status.acme.example",
        seeded=True,
        source=Source(
            format="statuspage", primary=SUMMARY, details=("https://status.acme.example/api/v2/incidents.json",)
        ),
        answers={
            SUMMARY: KnownAnswer(
                validators=Validators(etag='W/"1"'), digest="d1", stamp=datetime(2025, 11, 3, 12, 0, tzinfo=UTC)
            )
        },
        projection="p1",
        readability=Readability(
            failures=2,
            failing_since=datetime(2025, 11, 3, 12, 1, 0, 250_000, tzinfo=UTC),
            failure_reason="timeout",
            failure="no answer within 10 s",
        ),
        activity=Activity(changed_at=datetime(2025, 11, 3, 12, 0, 1, tzinfo=UTC)),
    )


def test_a_state_is_written_byte_for_byte_as_every_version_wrote_it() -> None:
    state = decode_state(WHOLE_STATE)

    assert encode_state(state) == WHOLE_STATE
    # What came later stands behind it, and only in states that have it.
    assert encode_state(replace(state, keys_version=1)) == WHOLE_STATE[:-1] + b',"keys_version":1}'
    assert {*msgspec.json.decode(WHOLE_STATE[1:])} == {*StoredState.__struct_encode_fields__} - {"keys_version"}


def test_a_view_of_version_1_is_still_read() -> None:
    assert decode_view(V1_VIEW) == PageView(
        name="Acme",
        indicator=Impact.MINOR,
        components={"c1": Component(id="c1", name="API", status=ComponentStatus.PARTIAL_OUTAGE)},
        open_incidents=(
            OpenIncident(
                id="i1",
                name="Slow",
                status="identified",
                impact=Impact.MINOR,
                link="https://status.acme.example/incidents/i1",
                updated_at=datetime(2025, 11, 3, 12, 0, tzinfo=UTC),
            ),
        ),
    )


def test_a_provider_of_version_1_is_still_read() -> None:
    assert decode_provider(V1_PROVIDER) == Provider(
        id="acme", name="Acme", url="https://status.acme.example", components=("API*",), first_sight=FirstSight.OPEN
    )


def test_a_digests_of_version_1_is_still_read() -> None:
    assert decode_digests(b'1{"i1":{"u1":{"digest":"017d","missing":2},"u2":{}}}') == {
        "i1": {"u1": UpdateDigest(digest="017d", missing=2), "u2": UpdateDigest()}
    }


def test_fields_of_a_later_version_are_passed_over() -> None:
    assert decode_state(b'1{"url":"u","invented_later":[1]}') == PageState(url="u")


def test_nothing_is_the_state_and_the_view_of_a_page_never_seen() -> None:
    assert decode_state(b"") == PageState()
    assert decode_view(None) == PageView()


@pytest.mark.parametrize("decode", [decode_state, decode_view])
def test_another_version_is_refused_by_name(decode) -> None:
    with pytest.raises(StoreError, match=r"version b'3'.* reads up to b'2'"):
        decode(b"3{}")


def test_a_long_view_is_written_short_and_read_as_it_was() -> None:
    components = {
        f"c{number}": Component(id=f"c{number}", name=f"Region {number}", status=ComponentStatus.OPERATIONAL)
        for number in range(500)
    }
    view = PageView(components=components)

    assert len(encode_view(view)) < 8000
    assert decode_view(encode_view(view)) == view


def test_a_short_view_can_be_read_by_people() -> None:
    assert encode_view(PageView(name="Acme")) == b'1{"name":"Acme"}'


def test_a_long_view_that_was_cut_is_a_store_error() -> None:
    written = encode_view(
        PageView(components={"c": Component(id="c", name="x" * 2000, status=ComponentStatus.UNKNOWN)})
    )
    assert written[:1] == b"2"

    with pytest.raises(StoreError, match="cannot be read"):
        decode_view(written[:-9])


@pytest.mark.parametrize("broken", [b"1", b"1{", b'1{"failures":"many"}', b"1\xff", b'1{"url":1}'])
def test_what_cannot_be_read_is_a_store_error(broken: bytes) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        decode_state(broken)


@pytest.mark.parametrize("broken", [b"", b"{}", b"[]", b'{"id":1}'])
def test_a_provider_that_cannot_be_read_is_a_store_error(broken: bytes) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        decode_provider(broken)
