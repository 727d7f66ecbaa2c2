"""What is remembered of pages, in the data server."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec
import redis

from tracker.errors import Conflict
from tracker.events import encode_event
from tracker.models import Provider
from tracker.ports import Commit, HostBusy, Known, Turn
from tracker.savings import Tally
from tracker.state import PageState, PageView
from tracker.store.codec import (
    NO_SLOT,
    decode_ledger,
    decode_provider,
    decode_slot,
    decode_state,
    decode_view,
    encode_ledger,
    encode_slot,
    encode_state,
    encode_view,
)
from tracker.store.connection import (
    CROWDED_PREFIX,
    DUE,
    PROVIDERS,
    SCHEDULE,
    SLOTS_PREFIX,
    UPDATES,
    WAITING_PREFIX,
    load_script,
    moment,
    page_key,
    seen_before_key,
    seen_key,
    translated,
)
from tracker.store.hosts import slot_of

#: A worker that died mid-poll gives its page and its host's slot back after this long. A request ends within 20 s; a
#: poll that makes several may outlive its lease, and is then guarded by its revision alone.
LEASE_S = 30.0
#: Two polls of one page are at least this far apart, whatever the queue holds.
LEAST_GAP_S = 0.5
#: A page's seen-set is put aside once it is larger, and the one put aside before it is forgotten; several times what
#: a page shows.
MOST_SEEN = 4000
#: Key prefixes of what is kept of hosts.
_OF_HOSTS = (SLOTS_PREFIX, WAITING_PREFIX, CROWDED_PREFIX)


class RedisPages:
    """The `PageStore` of the distributed tracker."""

    def __init__(self, client: "redis.Redis", most_seen: int = MOST_SEEN) -> None:
        self._client = client
        self._most_seen = most_seen
        self._begin = load_script(client, "begin")
        self._commit = load_script(client, "commit")

    def begin(self, provider_id: str, now: datetime) -> Turn | HostBusy | None:
        """Take the page's turn."""
        with translated():
            answer = self._begin(**_begin(provider_id, now))
        return _turn(answer, now)

    def recall(self, provider_id: str, keys: Collection[str]) -> Known:
        """Return the page's view and ledger, and which of the keys were seen."""
        ordered = list(keys)
        with translated(), self._client.pipeline(transaction=False) as pipe:
            pipe.hmget(page_key(provider_id), ["view", "ledger", "horizon"])
            for key in (seen_key(provider_id), seen_before_key(provider_id)) if ordered else ():
                pipe.smismember(key, ordered)
            (view, ledger, horizon), *rest = pipe.execute()
        newer, older = (_members(ordered, members) for members in rest) if rest else (set(), set())
        return Known(
            view=decode_view(view),
            ledger=decode_ledger(ledger),
            seen=frozenset(newer | older),
            fading=frozenset(older - newer),
            horizon=moment(horizon),
        )

    def commit(self, turn: Turn, commit: Commit) -> int:
        """Write the commit in one step. Raises Conflict."""
        with translated():
            new = self._commit(**self._committed(turn, commit))
        if new < 0:
            raise _refused(turn, new)
        return int(new)

    def _committed(self, turn: Turn, commit: Commit) -> dict[str, Any]:
        """Return what the script is given."""
        provider_id = turn.provider.id
        arguments: list[str | bytes | float] = [
            provider_id,
            turn.number,
            turn.revision,
            commit.checked_at.timestamp(),
            commit.due_at.timestamp() if commit.due_at else "",
            encode_state(commit.state) if commit.state else b"",
            encode_view(commit.view) if commit.view else b"",
            b"" if commit.ledger is None else encode_ledger(commit.ledger),
            commit.read_at.timestamp() if commit.read_at else "",
            *_counted(commit.tally),
            *_of_host(turn, commit),
            self._most_seen,
            len(commit.seen),
            *commit.seen,
        ]
        for news in commit.news:
            arguments += [news.key or "", encode_event(news.event)]
        keys = [
            PROVIDERS,
            page_key(provider_id),
            seen_key(provider_id),
            seen_before_key(provider_id),
            UPDATES,
            DUE,
            *((SLOTS_PREFIX + turn.slot.host, WAITING_PREFIX + turn.slot.host) if turn.slot else ("", "")),
        ]
        return {"keys": keys, "args": arguments}


def _begin(provider_id: str, now: datetime) -> dict[str, Any]:
    """Return what the script is given."""
    owner = uuid4()
    arguments = [provider_id, now.timestamp(), LEASE_S, LEAST_GAP_S, owner.hex, *_OF_HOSTS, owner.int / 2**128]
    return {"keys": [PROVIDERS, page_key(provider_id), DUE, SCHEDULE], "args": arguments}


def _turn(answer: Any, now: datetime) -> Turn | HostBusy | None:
    """Return what the script's answer means."""
    if answer is None or answer == b"busy":
        return None
    provider, *rest = answer
    if not provider:
        return _busy(*rest, now=now)
    number, revision, state, read, slot = rest
    return Turn(
        provider=decode_provider(provider),
        state=decode_state(state),
        revision=revision,
        number=number,
        begun_at=now,
        read_at=moment(read),
        slot=decode_slot(slot),
    )


def _refused(turn: Turn, code: int) -> Conflict:
    return Conflict(f"{turn.provider.id}: {_REFUSALS[code]}")


def _busy(waiting: int, since: bytes, is_news: int, slot: bytes, *, now: datetime) -> HostBusy:
    limited = decode_slot(slot)
    if limited is None:
        raise AssertionError("only a host with a limit is busy")
    waited_s = max(0.0, now.timestamp() - float(since))
    return HostBusy(slot=limited, waiting=waiting, waited_s=waited_s, is_news=bool(is_news))


def _of_host(turn: Turn, commit: Commit) -> tuple[str, int | str]:
    """Return the slot that the next poll takes, '' if it is that of this one, and how many of these there are."""
    slot = slot_of(turn.provider, commit.state or turn.state)
    return "" if slot == turn.slot else encode_slot(slot) or NO_SLOT, turn.slot.limit if turn.slot else ""


def _counted(tally: Tally | None) -> tuple[str, int, int | str]:
    if tally is None:
        return "", 0, ""
    return tally.ending, tally.received_bytes, "" if tally.answer_bytes is None else tally.answer_bytes


def _members(keys: Sequence[str], members: Sequence[int]) -> set[str]:
    return {key for key, is_member in zip(keys, members, strict=True) if is_member}


_REFUSALS = {-1: "another worker committed first", -2: "the provider was removed"}


class PageStatus(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one provider's page."""

    provider: Provider
    state: PageState
    view: PageView
    #: When it was last asked, whatever came of it.
    checked_at: datetime | None = None
