"""The `PageStore` in the data server."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
import redis

from tracker.model.page_state import PageState, PageView
from tracker.model.provider import Provider
from tracker.polling.page_store import Commit, HostBusy, Known, PollLease
from tracker.store.codec import decode_digests, decode_view
from tracker.store.connection import load_script, moment, page_key, seen_before_key, seen_key, translated
from tracker.store.leases import (
    MOST_SEEN,
    begin_arguments,
    busy_of,
    commit_arguments,
    first_request,
    is_lease,
    lease_of,
    refusal,
)
from tracker.store.scripts.polling import BEGIN, COMMIT


class RedisPages:
    """The `PageStore` of the distributed tracker."""

    def __init__(self, client: "redis.Redis", most_seen: int = MOST_SEEN) -> None:
        self._client = client
        self._most_seen = most_seen
        self._begin = load_script(client, *BEGIN)
        self._commit = load_script(client, *COMMIT)

    def begin(self, provider_id: str, now: datetime) -> PollLease | HostBusy | None:
        """Lease the page."""
        with translated():
            version, answer = self._begin(**begin_arguments([first_request(provider_id)], now))
        if not is_lease(answer):
            return busy_of(answer, now)
        return lease_of(answer, version, None, provider_id, now)

    def recall(self, provider_id: str, keys: Collection[str]) -> Known:
        """Return the page's view and digests, and which of the keys were seen."""
        ordered = list(keys)
        with translated(), self._client.pipeline(transaction=False) as pipe:
            pipe.hmget(page_key(provider_id), ["view", "ledger", "horizon"])
            for key in (seen_key(provider_id), seen_before_key(provider_id)) if ordered else ():
                pipe.smismember(key, ordered)
            (view, digests, watermark), *rest = pipe.execute()
        newer, older = (_members(ordered, members) for members in rest) if rest else (set(), set())
        return Known(
            view=decode_view(view),
            digests=decode_digests(digests),
            seen=frozenset(newer | older),
            expiring=frozenset(older - newer),
            watermark=moment(watermark),
        )

    def commit(self, lease: PollLease, commit: Commit) -> int:
        """Write the commit in one step. Raises Conflict."""
        with translated():
            new = self._commit(**commit_arguments(lease, commit, self._most_seen))
        if new < 0:
            raise refusal(lease, new)
        return int(new)


def _members(keys: Sequence[str], members: Sequence[int]) -> set[str]:
    return {key for key, is_member in zip(keys, members, strict=True) if is_member}


class PageStatus(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one provider's page."""

    provider: Provider
    state: PageState
    view: PageView
    #: When it was last polled, with or without success.
    checked_at: datetime | None = None
