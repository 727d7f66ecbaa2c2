"""The tools for agents as a process of their own."""

from collections.abc import Mapping

from tracker.delivery.sinks.jsonlines import RECORD_NAME
from tracker.diagnosis import diagnose, gather
from tracker.environment.history import HistorySettings
from tracker.environment.settings import Settings
from tracker.history import History, open_history
from tracker.mcp.knowledge import Knowledge, read_pages
from tracker.mcp.server import build_server
from tracker.model.clock import utc_now
from tracker.store.opening import open_alerts, open_board


def serve(settings: Settings, environ: Mapping[str, str]) -> None:
    """Serve until standard input ends. Raises ConfigError, HistoryError."""
    kept = HistorySettings.from_environment(environ)
    board, alerts, recorded = (
        open_board(settings),
        open_alerts(settings),
        open_history(settings.data_dir, kept.database_url),
    )

    def history() -> History:
        # The web server may not run, so this process reads new lines of the record itself.
        recorded.follow(settings.data_dir / RECORD_NAME, None if kept.keep is None else utc_now() - kept.keep)
        return recorded

    knowledge = Knowledge(
        pages=lambda: read_pages(board, utc_now),
        history=history,
        alerts=alerts,
        diagnosis=lambda: diagnose(gather(settings, utc_now())),
        clock=utc_now,
    )
    try:
        build_server(knowledge).run("stdio")
    finally:
        recorded.close()
        alerts.close()
        board.close()
