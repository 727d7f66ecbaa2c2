"""Poll leases: the arguments of their scripts, and the meaning of the answers."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import msgspec

from tracker.errors import Conflict, StoreError
from tracker.model.event import encode_event
from tracker.model.page_state import PageState
from tracker.model.provider import Provider
from tracker.polling.page_store import Commit, HostBusy, PollLease, Slot
from tracker.store.codec import (
    NO_SLOT,
    decode_provider,
    decode_slot,
    decode_state,
    encode_digests,
    encode_slot,
    encode_state,
    encode_view,
)
from tracker.store.connection import moment, seen_before_key, seen_key
from tracker.store.hosts import slot_of
from tracker.store.scripts.polling import (
    BeginArguments,
    BeginKeys,
    CommitArguments,
    CommitFields,
    CommitKeys,
    QuietArguments,
    RuleKeys,
)

#: A worker that died mid-poll gives its page and its host's slot back after this long. A request ends within 20 s; a
#: poll that makes several may outlive its lease, and is then guarded by its revision alone.
LEASE_S: Final = 30.0
#: Two polls of one page are at least this far apart, whatever the queue holds.
LEAST_GAP_S: Final = 0.5
#: Once a page's seen-set is larger than this, several times what a page shows, it is put aside, and the set that was
#: put aside before is forgotten.
MOST_SEEN: Final = 4000

_BEGIN_KEYS: Final = BeginKeys().values
_QUIET_KEYS: Final = RuleKeys().values
#: Fields of a commit that takes and gives back no slot.
_WITHOUT_SLOT: Final = CommitFields.__struct_fields__.index("slot")
_WITHOUT_HOST: Final = CommitFields.__struct_fields__.index("host")
_ENCODER: Final = msgspec.json.Encoder()
_REFUSALS: Final = {-1: "another worker committed first", -2: "the provider was removed"}

#: A page in a call of begin.lua: id, "revision mark" of the known state, version of the catalogue that the known
#: provider is from; "" for none.
LeaseRequest = tuple[str, str, str]


class EncodedPage:
    """A page as its last lease brought it, with the request for its next lease.

    A worker remembers thousands and needs the values of few, so it keeps them encoded, as the data server does: that
    takes a third of the memory.
    """

    __slots__ = ("derived", "provider_data", "request", "revision", "slot", "state_data")

    def __init__(self, request: LeaseRequest, provider_data: bytes, state_data: bytes, revision: int) -> None:
        self.request = request
        self.provider_data = provider_data
        self.state_data = state_data
        self.revision = revision
        #: The slot that the next poll takes.
        self.slot: Slot | None = None
        self.derived: object = None

    @property
    def provider_id(self) -> str:
        """Return the provider's id."""
        return self.request[0]

    @property
    def version(self) -> str:
        """Return the version of the catalogue that holds the provider."""
        return self.request[2]

    def read(self) -> tuple[Provider, PageState]:
        """Return the provider and the state. Raises StoreError."""
        return decode_provider(self.provider_data), decode_state(self.state_data)


def first_request(provider_id: str) -> LeaseRequest:
    """Return the request for a page that the worker does not remember."""
    return provider_id, "", ""


def begin_arguments(requests: Sequence[LeaseRequest], now: datetime) -> dict[str, Any]:
    """Return the arguments of begin.lua; a repetition of the call has the same owner."""
    owner = uuid4()
    arguments = BeginArguments(
        now_s=now.timestamp(),
        lease_s=LEASE_S,
        least_gap_s=LEAST_GAP_S,
        owner=owner.hex,
        random_share=owner.int / 2**128,
        pages=_ENCODER.encode(requests),
    )
    return {"keys": _BEGIN_KEYS, "args": arguments.values}


def is_lease(answer: Any) -> bool:
    """Return whether begin.lua leased the page. Raises StoreError."""
    if type(answer) is bytes:
        return answer != b"busy"
    if answer is not None and answer[0] is None:
        raise StoreError(f"the data server does not answer as it should ({answer[1].decode(errors='replace')})")
    return answer is not None and answer[0] != b""


def busy_of(answer: Any, now: datetime) -> HostBusy | None:
    """Return the meaning of an answer without a lease: its host is busy, or None."""
    if answer is None or answer == b"busy":
        return None
    _, waiting, since, is_new, slot = answer
    limited = decode_slot(slot)
    if limited is None:
        raise AssertionError("only a host with a limit is busy")
    waited_s = max(0.0, now.timestamp() - float(since))
    return HostBusy(slot=limited, waiting=waiting, waited_s=waited_s, is_new=bool(is_new))


def lease_of(answer: Any, version: bytes, before: EncodedPage | None, provider_id: str, now: datetime) -> PollLease:
    """Return the lease in an answer; its `page` is the earlier one, if that still holds. Raises StoreError."""
    if type(answer) is bytes:
        if before is None:
            raise AssertionError("only who knows something gets a brief answer")
        given, page, known = answer, before, None
    else:
        given, holds, state_data, provider_data = answer
        page, known = _page_of(provider_id, holds, version, provider_data, state_data, before)
    number, read, slot = given.split(b" ", 2)
    return PollLease(
        page,
        revision=page.revision,
        fencing_token=int(number),
        begun_at=now,
        read_at=moment(read),
        slot=decode_slot(slot),
        known=known,
    )


def _page_of(
    provider_id: str,
    holds: bytes,
    version: bytes,
    provider_data: bytes | None,
    state_data: bytes | None,
    before: EncodedPage | None,
) -> tuple[EncodedPage, tuple[Provider, PageState] | None]:
    """Return the page of an answer, and its values if they were decoded; data that are None have not changed."""
    provider_data = before.provider_data if before is not None and provider_data is None else provider_data or b""
    state_data = before.state_data if before is not None and state_data is None else state_data or b""
    # All pages have one version of the catalogue.
    request = (provider_id, holds.decode(), sys.intern(version.decode()))
    page = EncodedPage(request, provider_data, state_data, int(holds.partition(b" ")[0]))
    if before is not None and before.provider_data == provider_data and before.state_data == state_data:
        if before.request == request:
            return before, None
        page.slot, page.derived = before.slot, before.derived
        return page, None
    known = page.read()
    page.slot = slot_of(*known)
    return page, known


def is_quiet(commit: Commit) -> bool:
    """Return whether a commit only records that a poll took place."""
    return (
        commit.state is None
        and commit.view is None
        and commit.digests is None
        and not commit.pending
        and not commit.seen
    )


def encoded_page(lease: PollLease) -> EncodedPage:
    """Return the page of a lease from the data server. Raises TypeError for a lease from elsewhere."""
    if not isinstance(lease.page, EncodedPage):
        raise TypeError(f"the lease of {lease.provider_id} is not from the data server")
    return lease.page


def commit_fields(lease: PollLease, commit: Commit, page: EncodedPage | None = None) -> tuple[str | int, ...]:
    """Return the part of a commit that commit_rules.lua reads.

    With the page of its lease, the script need not look the provider up.
    """
    cost, due_at, read_at, held = commit.cost, commit.due_at, commit.read_at, lease.slot
    slot = slot_of(lease.provider, commit.state or lease.state) if page is None else page.slot
    next_slot = "" if slot == held else encode_slot(slot) or NO_SLOT
    fields: tuple[str | int, ...] = CommitFields(
        id=lease.provider_id,
        token=str(lease.fencing_token),
        revision=str(lease.revision),
        version="" if page is None else page.version,
        checked=str(commit.checked_at.timestamp()),
        read="" if read_at is None else str(read_at.timestamp()),
        ending=cost.ending if cost else "",
        received=cost.received_bytes if cost else 0,
        answer="" if cost is None or cost.answer_bytes is None else cost.answer_bytes,
        due="" if due_at is None else str(due_at.timestamp()),
        slot=next_slot,
        host=held.host if held else "",
        limit=held.limit if held else 0,
    ).values
    if held is None:
        return fields[: _WITHOUT_HOST if next_slot else _WITHOUT_SLOT]
    return fields


def commit_arguments(lease: PollLease, commit: Commit, most_seen: int) -> dict[str, Any]:
    """Return the keys and arguments of commit.lua."""
    provider_id = lease.provider_id
    keys = CommitKeys(seen_key=seen_key(provider_id), seen_before_key=seen_before_key(provider_id))
    arguments = CommitArguments(
        commit_json=_ENCODER.encode(commit_fields(lease, commit)),
        state=encode_state(commit.state) if commit.state else b"",
        view=encode_view(commit.view) if commit.view else b"",
        digests=b"" if commit.digests is None else encode_digests(commit.digests),
        most_seen=most_seen,
        suppressed_count=len(commit.seen),
    )
    events = [part for pending in commit.pending for part in (pending.key or "", encode_event(pending.event))]
    return {"keys": keys.values, "args": (*arguments.values, *commit.seen, *events)}


def quiet_arguments(commits: Sequence[tuple[str | int, ...]]) -> dict[str, Any]:
    """Return the keys and arguments of commit_quiet.lua."""
    return {"keys": _QUIET_KEYS, "args": QuietArguments(commits=_ENCODER.encode(commits)).values}


def refusal(lease: PollLease, answer: int | bytes) -> Conflict | StoreError:
    """Return the error for a commit that was refused."""
    if isinstance(answer, bytes):
        return StoreError(f"the data server does not answer as it should ({answer.decode(errors='replace')})")
    return Conflict(f"{lease.provider_id}: {_REFUSALS[answer]}")
