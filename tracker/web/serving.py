"""The composition root of the web server."""

import logging
import socket
import sys
from collections.abc import Callable, Sequence

from tracker.bootstrap import open_board, open_recorded
from tracker.delivery.sinks.jsonlines import RECORD_NAME
from tracker.environment.history import HistorySettings
from tracker.environment.settings import Settings
from tracker.environment.web import WebSettings
from tracker.model.clock import utc_now
from tracker.web.access import require_protection
from tracker.web.app import Addition, build_app
from tracker.web.background import Background
from tracker.web.now import NowBoard
from tracker.web.parts import Parts
from tracker.web.server import listen, run

log = logging.getLogger("tracker")


def serve(
    settings: Settings,
    web: WebSettings,
    kept: HistorySettings,
    address: tuple[str, int],
    *,
    is_searching: bool,
    additions: Callable[[Parts], Sequence[Addition]] = lambda _parts: (),
) -> None:
    """Serve until a signal comes, what other packages add included. Raises ConfigError, HistoryError."""
    host, port = address
    require_protection(host, web)
    listening = listen(host, port, is_searching=is_searching)
    board, history = open_board(settings), open_recorded(settings, kept)
    parts = Parts(settings=web, bound=host, clock=utc_now, board=NowBoard(board, utc_now), history=history, acts=board)
    background = Background(parts, board, settings.data_dir / RECORD_NAME, kept.keep)
    _tell(listening, host, port)
    if web.tells_token:
        log.info("sign in with the token %s", web.act_token or web.token or "that is not set")
    added = additions(parts)
    beside = [background, *(each for addition in added for each in addition.beside)]
    try:
        run(build_app(parts, beside, [addition.router for addition in added]), parts.live, listening)
    finally:
        listening.close()
        history.close()
        board.close()


def _tell(listening: socket.socket, host: str, port: int) -> None:
    taken = listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    reason = f"; port {port} is taken" if port not in (0, taken) else ""
    log.info("the page is at http://%s:%d/%s", shown, taken, reason)
    sys.stderr.flush()
