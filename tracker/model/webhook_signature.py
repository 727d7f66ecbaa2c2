"""Ids, keys and signatures as the Standard Webhooks specification 1.0.0 has them (standardwebhooks.com). Pure."""

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from urllib.parse import quote

_PREFIX: Final = "whsec_"
#: 192 to 512 bits.
_LEAST_KEY, _LONGEST_KEY = 24, 64
#: Servers refuse header lines of more than some 8 KB; ids have 20 to 100 characters.
_LONGEST_ID: Final = 400


def message_id(event_id: str) -> str:
    """Return an event's id fit for a header: percent-encoded with its dots, which separate the signed parts.

    It is the same for the same event, always; nearly all event ids are returned as they are.
    """
    encoded = quote(event_id, safe="/:,;=+@!~*'()").replace(".", "%2E")
    return encoded if len(encoded) <= _LONGEST_ID else hashlib.sha256(event_id.encode()).hexdigest()


def signing_keys(secret: str) -> tuple[bytes, ...]:
    """Return the keys that a secret holds: one, or the new and the old one with a blank between. Raises ValueError."""
    keys = tuple(map(_key, secret.split()))
    if not keys:
        raise ValueError("is empty")
    return keys


def signature(message_id: str, sent_at: datetime, body: bytes, keys: Iterable[bytes]) -> str:
    """Return the header that proves the sender of a message: one signature for each key."""
    content = f"{message_id}.{int(sent_at.timestamp())}.".encode() + body
    return " ".join(f"v1,{b64encode(hmac.digest(key, content, hashlib.sha256)).decode()}" for key in keys)


def _key(word: str) -> bytes:
    if not word.startswith(_PREFIX):
        raise ValueError(f"does not begin with {_PREFIX}")
    encoded = word.removeprefix(_PREFIX)
    try:
        key = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"is not base64 behind {_PREFIX}") from None
    if not _LEAST_KEY <= len(key) <= _LONGEST_KEY:
        raise ValueError(f"holds {len(key)} bytes, not {_LEAST_KEY} to {_LONGEST_KEY}")
    return key
