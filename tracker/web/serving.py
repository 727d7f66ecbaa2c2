"""The composition root of the web server."""

import logging
import os
import socket
import sys

from tracker.bootstrap import open_board, open_catalogue, open_recorded
from tracker.delivery.sinks.jsonlines import RECORD_NAME
from tracker.diagnosis import diagnose, gather
from tracker.environment.history import HistorySettings
from tracker.environment.settings import Settings
from tracker.environment.web import WebSettings
from tracker.model.clock import utc_now
from tracker.web.access import require_protection
from tracker.web.app import build_app
from tracker.web.background import Background
from tracker.web.looking import Look
from tracker.web.now import NowBoard
from tracker.web.pages.health import Checked, checked
from tracker.web.parts import Parts
from tracker.web.server import listen, run
from tracker.web.site import Site
from tracker.web.with_pages import with_pages

log = logging.getLogger("tracker")


def serve(
    settings: Settings, web: WebSettings, kept: HistorySettings, address: tuple[str, int], *, is_searching: bool
) -> None:
    """Serve until a signal comes. Raises ConfigError, HistoryError."""
    host, port = address
    require_protection(host, web)
    listening = listen(host, port, is_searching=is_searching)
    board, history = open_board(settings), open_recorded(settings, kept)
    parts = Parts(settings=web, bound=host, clock=utc_now, board=NowBoard(board, utc_now), history=history, acts=board)
    site = Site(parts, open_catalogue(settings), lambda: _checks(settings), Look(settings, os.environ, utc_now))
    background = Background(parts, board, settings.data_dir / RECORD_NAME, kept.keep)
    _show_address(listening, host, port)
    if web.shows_token:
        log.info("sign in with the token %s", web.act_token or web.token or "that is not set")
    try:
        run(with_pages(build_app(parts, [background]), site), parts.live, listening)
    finally:
        listening.close()
        history.close()
        board.close()


def _checks(settings: Settings) -> tuple[Checked, ...]:
    found = diagnose(gather(settings, utc_now()))
    return tuple(checked(each.name, each.level, each.finding, each.remedy) for each in found.checks)


def _show_address(listening: socket.socket, host: str, port: int) -> None:
    taken = listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    reason = f"; port {port} is taken" if port not in (0, taken) else ""
    log.info("the page is at http://%s:%d/%s", shown, taken, reason)
    sys.stderr.flush()
