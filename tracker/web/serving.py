"""The composition root of the web server."""

import logging
import os
import socket
import sys
from collections.abc import Callable, Sequence

from tracker.bootstrap import links_of
from tracker.delivery.sinks.jsonlines import RECORD_NAME
from tracker.diagnosis import diagnose, gather
from tracker.diagnosis.drill import drill_over
from tracker.environment.history import HistorySettings
from tracker.environment.settings import Settings
from tracker.environment.web import WebSettings
from tracker.history import open_history
from tracker.model.clock import utc_now
from tracker.store.opening import open_arrivals, open_board, open_catalogue, open_desk, open_drills
from tracker.web.access import require_protection
from tracker.web.app import Addition, Beside, build_app
from tracker.web.background import Background
from tracker.web.drills import Drills
from tracker.web.looking import PageProbe
from tracker.web.now import NowBoard
from tracker.web.pages.health import Checked, checked
from tracker.web.parts import Parts
from tracker.web.server import listen, run
from tracker.web.site import Site
from tracker.web.with_pages import with_pages

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
    """Serve the app, with the additions of other packages, until a signal comes. Raises ConfigError, HistoryError."""
    host, port = address
    require_protection(host, web)
    listening = listen(host, port, is_searching=is_searching)
    board, history = open_board(settings), open_history(settings.data_dir, kept.database_url)
    parts = Parts(
        settings=web,
        bound=host,
        clock=utc_now,
        board=NowBoard(board, utc_now),
        history=history,
        acts=board,
        desk=open_desk(settings),
        drills=Drills(open_drills(settings), drill_over(settings), utc_now),
        links=links_of(settings),
    )
    site = Site(parts, open_catalogue(settings), lambda: _checks(settings), PageProbe(settings, os.environ, utc_now))
    background = Background(parts, open_arrivals(settings), board, settings.data_dir / RECORD_NAME, kept.keep)
    _show_address(listening, host, port)
    if web.shows_token:
        log.info("sign in with the token %s", web.act_token or web.token or "that is not set")
    added = additions(parts)
    beside: list[Beside] = [background, parts.drills, *(each for addition in added for each in addition.beside)]
    try:
        app = build_app(parts, beside, [addition.router for addition in added])
        run(with_pages(app, site), parts.live, listening)
    finally:
        listening.close()
        history.close()
        board.close()


def _checks(settings: Settings) -> tuple[Checked, ...]:
    found = diagnose(gather(settings, utc_now()))
    return tuple(checked(each.name, each.level, each.finding, each.remedy) for each in found.checks)


def _show_address(listening: socket.socket, host: str, port: int) -> None:
    taken = listening.getsockname()[1]
    # A browser cannot open the address that means all addresses.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    shown = f"[{host}]" if ":" in host else host
    reason = f"; port {port} is taken" if port not in (0, taken) else ""
    log.info("the page is at http://%s:%d/%s", shown, taken, reason)
    sys.stderr.flush()
