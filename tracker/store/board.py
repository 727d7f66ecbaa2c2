"""The data server for screens and interfaces: changes of pages, polls on demand, and the record of acts."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import redis

from tracker.errors import ConfigError
from tracker.model.provider import Provider
from tracker.polling.poll_cost import Savings
from tracker.scheduling.dispatch_lag import WINDOW_S
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import (
    AUDIT,
    PUSHED_PREFIX,
    SCHEDULERS,
    load_script,
    moment,
    translated,
)
from tracker.store.pages import PageStatus
from tracker.store.scripts.board import PulsesArguments, PushArguments, PushKeys

#: Pages of one call.
_TOGETHER: Final = 1000
#: Acts that are kept.
_MOST_ACTS: Final = 10_000


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """A mark that differs after each change of a page, and when it was polled last."""

    #: Differs after every change of the page's state; b"" for one that was never polled.
    revision: bytes
    checked_at: datetime | None


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One act of a person or program, such as adding a page."""

    at: datetime
    #: The author, as the token or the proxy says.
    actor: str
    #: The act: `add`, `remove`, `check`, `acknowledge`, `snooze`, `wake`, `note`, `resend`, `silence`, `end silence`,
    #: `drill`.
    act: str
    #: The object of the act: a provider, an alert or a silence.
    subject: str
    #: The way in: `token`, `session`, `proxy`, `link`.
    via: str


class RedisBoard:
    """The data server as screens see it. Every method raises StoreError."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._catalogue = RedisCatalogue(client)
        self._pulses = load_script(client, "pulses")
        self._push = load_script(client, "push")

    def version(self) -> bytes:
        """Return a value that every change of the catalogue changes."""
        return self._catalogue.version()

    def providers(self) -> tuple[Provider, ...]:
        """Return the catalogue, sorted by name."""
        return self._catalogue.providers()

    def pages(self, providers: Sequence[Provider]) -> Iterator[PageStatus]:
        """Yield the status of each of these pages."""
        return self._catalogue.statuses_of(providers)

    def pulses(self, provider_ids: Sequence[str]) -> tuple[Pulse, ...]:
        """Return the pulse of each of these pages."""
        found: list[Pulse] = []
        for start in range(0, len(provider_ids), _TOGETHER):
            with translated():
                answer: Any = self._pulses(args=[*PulsesArguments().values, *provider_ids[start : start + _TOGETHER]])
            found += [Pulse(revision=answer[i], checked_at=moment(answer[i + 1])) for i in range(0, len(answer), 2)]
        return tuple(found)

    def push(self, provider_id: str, now: datetime, pause: timedelta) -> bool:
        """Have a page polled at once, or once `pause` has passed since the last push; return whether there is one."""
        with translated():
            found = self._push(
                keys=PushKeys(pushed_key=PUSHED_PREFIX + provider_id).values,
                args=PushArguments(
                    provider_id=provider_id, now_s=now.timestamp(), pause_ms=round(pause.total_seconds() * 1000)
                ).values,
            )
        return bool(found)

    def beats(self, now: datetime) -> int:
        """Return the number of schedulers that have reported within the last minute."""
        with translated():
            return int(self._client.zcount(SCHEDULERS, now.timestamp() - WINDOW_S, "+inf"))

    def note(self, act: Act) -> None:
        """Record an act, and drop the oldest ones."""
        with translated():
            self._client.xadd(AUDIT, {"act": msgspec.json.encode(act)}, maxlen=_MOST_ACTS)

    def acts(self, count: int) -> tuple[Act, ...]:
        """Return the last acts, the newest first."""
        with translated():
            entries: Any = self._client.xrevrange(AUDIT, count=count)
        return tuple(msgspec.json.decode(fields[b"act"], type=Act) for _, fields in entries)

    def counters(self) -> dict[str, Savings]:
        """Return the poll counters of every page, by provider id."""
        ids = [provider.id for provider in self._catalogue.providers()]
        return dict(zip(ids, self._catalogue.savings(ids), strict=True))

    def add(self, provider: Provider, now: datetime) -> None:
        """Add a page. Raises ConfigError where there is one of that id."""
        if any(known.id == provider.id for known in self._catalogue.providers()):
            raise ConfigError(f"there is a provider {provider.id} already; choose another name, or remove it first")
        self._catalogue.put([provider], now)

    def remove(self, provider_id: str) -> bool:
        """Remove a page and its state; return whether there was one of that id."""
        return bool(self._catalogue.remove([provider_id]))

    def ping(self) -> None:
        """Check that the data server answers."""
        self._catalogue.ping()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
