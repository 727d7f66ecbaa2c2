"""What is remembered of pages, in the data server."""

from collections.abc import Collection
from datetime import datetime
from uuid import uuid4

import msgspec
import redis

from tracker.errors import Conflict
from tracker.events import encode_event
from tracker.models import Provider
from tracker.ports import Commit, Turn
from tracker.state import PageState, PageView
from tracker.store.codec import decode_provider, decode_state, decode_view, encode_state, encode_view
from tracker.store.connection import DUE, PROVIDERS, UPDATES, load_script, page_key, seen_key, translated

#: A worker that died mid-poll gives its page back after this long. A request ends within 20 s; a poll that makes
#: several may outlive its lease, and is then guarded by its revision alone.
LEASE_S = 30.0
#: Two polls of one page are at least this far apart, whatever the queue holds.
LEAST_GAP_S = 0.5


class RedisPages:
    """The `PageStore` of the distributed tracker."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._begin = load_script(client, "begin")
        self._commit = load_script(client, "commit")

    def begin(self, provider_id: str, now: datetime) -> Turn | None:
        """Take the page's turn."""
        owner = uuid4().hex
        with translated():
            answer = self._begin(
                keys=[PROVIDERS, page_key(provider_id)],
                args=[provider_id, now.timestamp(), LEASE_S, LEAST_GAP_S, owner],
            )
        if answer is None or answer == b"busy":
            return None
        provider, number, revision, state = answer
        return Turn(provider=decode_provider(provider), state=decode_state(state), revision=revision, number=number)

    def recall(self, provider_id: str, keys: Collection[str]) -> tuple[PageView, frozenset[str]]:
        """Return the page's view and which of the keys are in its seen-set."""
        ordered = list(keys)
        with translated(), self._client.pipeline(transaction=False) as pipe:
            pipe.hget(page_key(provider_id), "view")
            if ordered:
                pipe.smismember(seen_key(provider_id), ordered)
            view, *rest = pipe.execute()
        members = rest[0] if rest else ()
        seen = frozenset(key for key, member in zip(ordered, members, strict=True) if member)
        return decode_view(view), seen

    def commit(self, turn: Turn, commit: Commit) -> int:
        """Write the commit in one step. Raises Conflict."""
        provider_id = turn.provider.id
        arguments: list[str | bytes | float] = [
            provider_id,
            turn.number,
            turn.revision,
            commit.checked_at.timestamp(),
            commit.due_at.timestamp() if commit.due_at else "",
            encode_state(commit.state) if commit.state else b"",
            encode_view(commit.view) if commit.view else b"",
            len(commit.seen),
            *commit.seen,
        ]
        for news in commit.news:
            arguments += [news.key or "", encode_event(news.event)]
        with translated():
            new = self._commit(
                keys=[PROVIDERS, page_key(provider_id), seen_key(provider_id), UPDATES, DUE], args=arguments
            )
        if new < 0:
            raise Conflict(f"{provider_id}: {_REFUSALS[new]}")
        return int(new)


_REFUSALS = {-1: "another worker committed first", -2: "the provider was removed"}


class PageStatus(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one provider's page."""

    provider: Provider
    state: PageState
    view: PageView
    #: When it was last asked, whatever came of it.
    checked_at: datetime | None = None
