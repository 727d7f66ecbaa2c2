"""A webhook receiver that fails now and then and counts what reaches it."""

import random
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: Shares of the posts; each costs the sender a pause of seconds.
REFUSED = 0.02
UNANSWERED = 0.01


class Receiver:
    """Accepts posts on a loopback port; some posts are refused, some accepted without an answer."""

    def __init__(self, chance: random.Random) -> None:
        #: How often each idempotency key was accepted, whether or not the sender learnt of it.
        self.accepted: Counter[str] = Counter()
        self._chance = chance
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                receiver._receive(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, name="receiver", daemon=True).start()

    def close(self) -> None:
        """Stop receiving."""
        self._server.shutdown()
        self._server.server_close()

    def _receive(self, request: BaseHTTPRequestHandler) -> None:
        with self._lock:
            outcome = self._chance.random()
            if outcome >= REFUSED:
                self.accepted[request.headers["Idempotency-Key"]] += 1
        if outcome < REFUSED:
            request.send_error(503)
        elif outcome < REFUSED + UNANSWERED:
            request.close_connection = True
        else:
            request.send_response(204)
            request.end_headers()
