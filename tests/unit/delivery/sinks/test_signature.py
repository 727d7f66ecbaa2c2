"""Signatures as the Standard Webhooks specification has them, checked against its own example and other code."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import NOON
from tests.receiver import SECRET
from tracker.model.webhook_signature import message_id, signature, signing_keys


def test_the_example_of_the_specification_is_signed_as_its_libraries_do() -> None:
    keys = signing_keys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    sent_at = datetime.fromtimestamp(1614265330, UTC)

    header = signature("msg_p5jXN8AQM9LWM0D4loKWxJek", sent_at, b'{"test": 2432232314}', keys)

    assert header == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_two_keys_give_two_signatures() -> None:
    old, new = (f"whsec_{base64.b64encode(bytes([number] * 32)).decode()}" for number in (1, 2))

    both = signature("a", NOON, b"{}", signing_keys(f"{new} {old}\n")).split(" ")

    assert both == [signature("a", NOON, b"{}", signing_keys(key)) for key in (new, old)]


def test_a_key_without_its_padding_is_the_same_key() -> None:
    assert signing_keys(SECRET.rstrip("=")) == signing_keys(SECRET) == (bytes(range(32)),)


@given(st.text(max_size=30), st.datetimes(timezones=st.just(UTC), min_value=datetime(1980, 1, 1)), st.binary())  # noqa: DTZ001
def test_what_is_signed_can_be_verified(event_id: str, sent_at: datetime, body: bytes) -> None:
    sent_id = message_id(event_id.encode("utf-8", "replace").decode())
    version, _, mac = signature(sent_id, sent_at, body, signing_keys(SECRET)).partition(",")

    signed = f"{sent_id}.{int(sent_at.timestamp())}.".encode() + body
    assert version == "v1"
    assert base64.b64decode(mac) == hmac.new(bytes(range(32)), signed, hashlib.sha256).digest()


KEYS = {
    "nothing": (" ", "is empty"),
    "no prefix": ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "does not begin with whsec_"),
    "no base64": ("whsec_not/base64!", "is not base64"),
    "no ASCII": ("whsec_ä", "is not base64"),
    "a prefix alone": ("whsec_", "0 bytes, not 24 to 64"),
    "a short key": ("whsec_aHVudGVyMg==", "7 bytes, not 24 to 64"),
    "a long key": (f"whsec_{base64.b64encode(bytes(65)).decode()}", "65 bytes, not 24 to 64"),
    "one good key and one bad": (f"{SECRET} hunter2", "does not begin with whsec_"),
}


@pytest.mark.parametrize(("secret", "error"), KEYS.values(), ids=KEYS.keys())
def test_a_secret_of(secret: str, error: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|does|holds) ") as caught:
        signing_keys(secret)

    assert error in str(caught.value)
    assert "hunter2" not in str(caught.value)


# --- ids ---


@pytest.mark.parametrize(
    "event_id", ["openai/01JMYB3K/01JMYB44", "acme/component/4di36t/1-1795418989", "a/20251103T1100Z"]
)
def test_an_ordinary_id_stays_as_it_is(event_id: str) -> None:
    assert message_id(event_id) == event_id


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_an_id_is_fit_for_a_header_and_can_be_read_back(event_id: str) -> None:
    sent = message_id(event_id)

    assert sent.isascii()
    assert sent.isprintable()
    assert not {" ", "."} & {*sent}
    assert unquote(sent) == event_id


def test_ids_do_not_meet_however_long_they_are() -> None:
    sent = {message_id("ü" * 200 + str(number)) for number in range(10)}

    assert len(sent) == 10
    assert all(len(one) == 64 for one in sent)


# --- what the manual says ---


def test_the_code_in_the_manual_accepts_what_we_send_and_nothing_else() -> None:
    manual = (Path(__file__).parents[4] / "docs" / "webhooks.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(manual.partition("```python\n")[2].partition("```")[0], names)
    verify, body, now = names["verify"], b'{"a":1}', datetime.now(UTC)

    def headers(sent_at: datetime, secret: str = SECRET) -> dict[str, str]:
        return {
            "webhook-id": "acme/i1/u1",
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": signature("acme/i1/u1", sent_at, body, signing_keys(secret)),
        }

    other = f"whsec_{base64.b64encode(bytes(32)).decode()}"
    verify(headers(now), body, SECRET)
    verify(headers(now, f"{other} {SECRET}"), body, SECRET)
    for forged in (headers(now, other), headers(now) | {"webhook-id": "acme/i1/u2"}, headers(now - timedelta(hours=1))):
        with pytest.raises(ValueError, match=r"not from|too old"):
            verify(forged, body, SECRET)
