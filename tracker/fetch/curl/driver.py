"""One thread that moves the bytes of all transfers, over one set of connections.

libcurl cannot share connections between handles that are used by different threads (CURLSHOPT_SHARE,
CURL_LOCK_DATA_CONNECT). With a handle in each of 32 threads a later poll finds its open connection once in 32 times;
with a handle for each host the trusted certificates are held in memory once per host. One multi handle has one set of
connections and one copy of the certificates, and the threads that fetch hand their transfers to the thread that has it.
"""

import os
import selectors
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any, Final

import pycurl

from tracker.errors import ConnectError, FetchError
from tracker.fetch.curl.transfer import Transfer

#: How often transfers are looked at that are slow, in seconds: much more often than any of them can time out.
_SWEPT_S: Final = 0.25
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_EVENTS: Final = {pycurl.POLL_IN: _READ, pycurl.POLL_OUT: _WRITE, pycurl.POLL_INOUT: _READ | _WRITE}
#: Of a parent process: destroying these would say farewell over its connections, or stumble over what was being done.
_LEFT_TO_PARENT: Final[list[object]] = []


class Driver:
    """Runs transfers until it is closed; keeps up to so many connections open between them."""

    def __init__(self, *, connections: int, read_s: float) -> None:
        self._swept_s = min(_SWEPT_S, read_s / 4)
        self._waiting: deque[Transfer] = deque()
        self._running: dict[pycurl.Curl, Transfer] = {}
        self._watched: dict[int, int] = {}
        #: By file descriptor, what makes the socket known again (its inode): all that libcurl was given.
        self._sockets: dict[int, int] = {}
        self._timer_at: float | None = None
        self._sweep_at = 0.0
        self._is_asleep = False
        self._is_closing = False
        #: Whether transfers are no longer taken.
        self.is_over = False
        self._lock = threading.Lock()
        self._bell, self._ringer = socket.socketpair()
        self._bell.setblocking(False)
        self._ringer.setblocking(False)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, connections)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._bell, _READ)
        self._thread = threading.Thread(target=self._run, name="curl", daemon=True)
        self._thread.start()

    def submit(self, transfer: Transfer) -> None:
        """Run a prepared transfer; its `on_end` is called in the driver's thread."""
        with self._lock:
            if not self.is_over:
                transfer.is_running = True
                transfer.sockets = self._sockets
                self._waiting.append(transfer)
                self._ring()
                return
        transfer.end(ConnectError("the fetcher was closed"))

    def close(self) -> None:
        """End what runs, close all connections and wait for the thread."""
        self._is_closing = True
        self._ring()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def leave_to_parent(self) -> None:
        """Forget everything in a forked child, which has the connections but not the thread."""
        self.is_over = True
        with socket.socket() as nowhere:
            for fd, inode in self._sockets.items():
                # libcurl may have closed it since, and its number may be another file's.
                with suppress(OSError):
                    if os.fstat(fd).st_ino == inode:
                        os.dup2(nowhere.fileno(), fd, inheritable=False)
        _LEFT_TO_PARENT.append((self._multi, self._running, self._waiting))
        for mine in (self._selector, self._bell, self._ringer):
            mine.close()

    def _ring(self) -> None:
        if self._is_asleep:
            self._is_asleep = False
            # A bell that has rung too often for its buffer has rung.
            with suppress(OSError):
                self._ringer.send(b"\0")

    def _run(self) -> None:
        try:
            while not self._is_closing:
                self._admit()
                self._wait()
                self._act_on_time()
                self._settle()
        finally:
            self._shut()

    def _admit(self) -> None:
        while self._waiting:
            transfer = self._waiting.popleft()
            self._running[transfer.curl] = transfer
            self._multi.add_handle(transfer.curl)

    def _wait(self) -> None:
        """Sleep until something is to be done, then let libcurl do it."""
        self._is_asleep = True
        until = [moment for moment in (self._timer_at, self._sweep_at if self._running else None) if moment is not None]
        timeout_s = max(0.0, min(until) - time.monotonic()) if until else None
        if self._waiting or self._is_closing:
            # They came before the bell could ring.
            timeout_s = 0.0
        ready = self._selector.select(timeout_s)
        self._is_asleep = False
        for key, events in ready:
            if key.fileobj is self._bell:
                with suppress(OSError):
                    self._bell.recv(4096)
            else:
                bits = (pycurl.CSELECT_IN if events & _READ else 0) | (pycurl.CSELECT_OUT if events & _WRITE else 0)
                self._multi.socket_action(key.fd, bits)

    def _act_on_time(self) -> None:
        now = time.monotonic()
        if self._timer_at is not None and self._timer_at <= now:
            self._timer_at = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        if self._sweep_at <= now:
            self._sweep_at = now + self._swept_s
            for transfer in tuple(self._running.values()):
                if failure := transfer.overdue(now):
                    self._end(transfer.curl, failure)

    def _settle(self) -> None:
        """Hand back what has ended."""
        left = 1
        while left:
            left, well, badly = self._multi.info_read()
            for curl in well:
                self._end(curl, None)
            for curl, code, message in badly:
                self._end(curl, (code, message))

    def _end(self, curl: pycurl.Curl, how: tuple[int, str] | FetchError | None) -> None:
        transfer = self._running.pop(curl)
        self._multi.remove_handle(curl)
        transfer.end(how)

    def _shut(self) -> None:
        with self._lock:
            self.is_over = True
        self._admit()
        for curl in tuple(self._running):
            self._end(curl, ConnectError("the fetcher was closed"))
        self._multi.close()
        self._selector.close()
        self._bell.close()
        self._ringer.close()

    # What libcurl calls.

    def _on_timer(self, wait_ms: int) -> None:
        self._timer_at = None if wait_ms < 0 else time.monotonic() + wait_ms / 1000

    def _on_socket(self, what: int, fd: int, *_: Any) -> None:
        if what == pycurl.POLL_REMOVE:
            if self._watched.pop(fd, None) is not None:
                self._selector.unregister(fd)
            return
        events = _EVENTS.get(what, 0)
        known = self._watched.get(fd)
        if events == known or not events:
            return
        if known is not None:
            self._selector.unregister(fd)
        self._selector.register(fd, events)
        self._watched[fd] = events
