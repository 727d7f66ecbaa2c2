"""A receiver of alerts on loopback for the demo: it shows each message as one line on standard error."""

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import click
import msgspec

from tracker.model.channel import WebhookChannelConfig
from tracker.model.plain import one_line
from tracker.model.route import Alerting, Route

_LONGEST = 1 << 20
_LINE = 160
_NAME = "terminal"


class AlertView:
    """Runs the receiver between enter and exit."""

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self._server.serve_forever, name="alerts", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def alerting(self) -> Alerting:
        """Return the configuration that sends all alerts here."""
        url = f"http://127.0.0.1:{self._server.server_port}/"
        channel = WebhookChannelConfig(name=_NAME, url=url, allow_private=True)
        return Alerting(channels=(channel,), routes=(Route(to=(_NAME,)),))


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), _LONGEST)
        click.echo(_line(msgspec.json.decode(self.rfile.read(length))), err=True)
        self.send_response(HTTPStatus.NO_CONTENT)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing about a request."""


def _line(message: Any) -> str:
    data = message["data"]
    word = message["type"].removeprefix("alert.").upper()
    said = f"ALERT {word:8} {data['severity']}: {data['title']}, {data['status'].replace('_', ' ')}"
    return one_line(said + (f" - {data['text']}" if data["text"] else ""), _LINE)
