"""How values are written down in the data server: JSON with the version of its shape in front.

JSON, because somebody will read it with redis-cli at night. A reader accepts its own version and every one before.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from tracker.errors import StoreError
from tracker.latency import Timing
from tracker.lateness import SchedulerReport
from tracker.models import Provider, Webhook
from tracker.state import LedgerEntry, PageState, PageView

#: Version of the shapes below. Fields may be added with a default without a new version.
VERSION = b"1"

T = TypeVar("T")

_ENCODER = msgspec.json.Encoder()
_STATE = msgspec.json.Decoder(PageState)
_VIEW = msgspec.json.Decoder(PageView)
_LEDGER = msgspec.json.Decoder(dict[str, dict[str, LedgerEntry]])
_PROVIDER = msgspec.json.Decoder(Provider)
_TIMING = msgspec.json.Decoder(Timing)
_WEBHOOK = msgspec.json.Decoder(Webhook)
_REPORT = msgspec.json.Decoder(SchedulerReport)


def encode_state(state: PageState) -> bytes:
    """Return the state as bytes."""
    return VERSION + _ENCODER.encode(state)


def decode_state(data: bytes) -> PageState:
    """Read a state; an empty value is that of a page never seen. Raises StoreError."""
    return _decode(data, _STATE) if data else PageState()


def encode_view(view: PageView) -> bytes:
    """Return the view as bytes."""
    return VERSION + _ENCODER.encode(view)


def decode_view(data: bytes | None) -> PageView:
    """Read a view; an absent value is that of a page never seen. Raises StoreError."""
    return _decode(data, _VIEW) if data else PageView()


def encode_ledger(ledger: Mapping[str, Mapping[str, LedgerEntry]]) -> bytes:
    """Return the ledger as bytes."""
    return VERSION + _ENCODER.encode(ledger)


def decode_ledger(data: bytes | None) -> dict[str, dict[str, LedgerEntry]]:
    """Read a ledger; an absent value is an empty one. Raises StoreError."""
    return _decode(data, _LEDGER) if data else {}


def encode_provider(provider: Provider) -> bytes:
    """Return the provider as plain JSON, which the sync script reads too."""
    return _ENCODER.encode(provider)


def decode_provider(data: bytes) -> Provider:
    """Read a provider. Raises StoreError."""
    return _decode(VERSION + data, _PROVIDER)


def encode_webhook(webhook: Webhook) -> bytes:
    """Return the webhook as bytes."""
    return VERSION + _ENCODER.encode(webhook)


def decode_webhook(data: bytes) -> Webhook:
    """Read a webhook. Raises StoreError."""
    return _decode(data, _WEBHOOK)


def encode_timing(timing: Timing) -> bytes:
    """Return the timing as bytes: some 45 of them, which a small sorted set packs."""
    return VERSION + _ENCODER.encode(timing)


def decode_timing(data: bytes) -> Timing:
    """Read a timing. Raises StoreError."""
    return _decode(data, _TIMING)


def encode_report(report: SchedulerReport) -> bytes:
    """Return the report as bytes."""
    return VERSION + _ENCODER.encode(report)


def decode_report(data: bytes) -> SchedulerReport:
    """Read a report. Raises StoreError."""
    return _decode(data, _REPORT)


def _decode(data: bytes, decoder: "msgspec.json.Decoder[T]") -> T:
    version, body = data[:1], data[1:]
    if version != VERSION:
        raise StoreError(f"the data server holds state of version {version!r}; this tracker reads up to {VERSION!r}")
    try:
        return decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise StoreError(f"the data server holds state that cannot be read ({error})") from error
