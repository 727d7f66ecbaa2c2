"""A connection of its own for each thread. Contains no business logic."""

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Connection(Protocol):
    """A connection to a database."""

    def close(self) -> None:
        """Close the connection."""
        ...


C = TypeVar("C", bound=Connection)


class Connections(Generic[C]):
    """The connections of all threads; one that is no longer usable is made again."""

    def __init__(self, connect: Callable[[], C], is_usable: Callable[[C], bool] = lambda _: True) -> None:
        self._connect = connect
        self._is_usable = is_usable
        self._own = threading.local()
        self._all: list[C] = []
        self._opening = threading.Lock()

    def own(self) -> C:
        """Return the connection of this thread. Raises whatever `connect` raises."""
        known: C | None = getattr(self._own, "connection", None)
        if known is not None and self._is_usable(known):
            return known
        connection = self._connect()
        with self._opening:
            self._own.connection = connection
            self._all = [other for other in self._all if self._is_usable(other)] + [connection]
        return connection

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._opening:
            connections, self._all = self._all, []
            self._own = threading.local()
        for connection in connections:
            connection.close()
