"""Limits the rate of password guesses: some at once, then one in some seconds, for each client and for all together."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

#: Wrong passwords that a client may give at once, and the pause until it may give another one.
ONCE: Final = 5
PAUSE_S: Final = 2.0
#: The same for all clients together that never gave the right password: one attacker may use any number of addresses.
ONCE_TOGETHER: Final = 50
PAUSE_TOGETHER_S: Final = 0.5
#: Clients that are remembered; the earliest is forgotten first.
_MOST: Final = 1000


class _Allowance:
    """A token bucket: a number of tokens at once, and one more after each pause."""

    def __init__(self, most: int, pause_s: float, now: float) -> None:
        self._most, self._pause_s = most, pause_s
        self._left, self._at = float(most), now

    def wait_s(self, now: float) -> float:
        """Return the seconds until a token is left."""
        self._left = min(self._most, self._left + (now - self._at) / self._pause_s)
        self._at = now
        return max(0.0, (1.0 - self._left) * self._pause_s)

    def take(self) -> None:
        """Take one token."""
        self._left -= 1.0


class Guesses:
    """Counts wrong passwords; right ones cost nothing, so a client that knows the password waits one pause at most.

    A client that gave the right password before is known by its cookie, and waits only for wrong guesses of its own.
    Others cannot lock it out, from the same address or from thousands.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._clients: OrderedDict[str, _Allowance] = OrderedDict()
        self._together = _Allowance(ONCE_TOGETHER, PAUSE_TOGETHER_S, monotonic())

    def wait_s(self, client: str, *, is_known: bool) -> float:
        """Return the seconds that a client has to wait before its password is checked; 0 for none."""
        now = self._monotonic()
        own = self._clients[client].wait_s(now) if client in self._clients else 0.0
        return own if is_known else max(own, self._together.wait_s(now))

    def wrong(self, client: str, *, is_known: bool) -> None:
        """Count a wrong password."""
        if client not in self._clients:
            self._clients[client] = _Allowance(ONCE, PAUSE_S, self._monotonic())
            if len(self._clients) > _MOST:
                self._clients.popitem(last=False)
        self._clients[client].take()
        if not is_known:
            self._together.take()
