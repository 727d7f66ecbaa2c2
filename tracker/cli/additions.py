"""The parts that the web server adds to pages and API: metrics, and tools for agents where their extra is installed."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.util import find_spec

from tracker.diagnosis import diagnose, gather
from tracker.environment.settings import Settings
from tracker.metrics.collector import TrackerCollector
from tracker.metrics.route import metrics_router
from tracker.metrics.updated import UpdatedByHistory
from tracker.model.clock import utc_now
from tracker.store.opening import open_alerts, open_measures
from tracker.web.app import Addition
from tracker.web.now import PageNow
from tracker.web.parts import Parts


class _Closing:
    """Closes a resource when the server ends."""

    def __init__(self, close: Callable[[], object]) -> None:
        self._close = close

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Close it."""
        self._close()


def additions(settings: Settings, parts: Parts) -> Sequence[Addition]:
    """Return the additions to a web server of these parts."""
    found = [_metrics(settings, parts)]
    if find_spec("mcp") is not None:
        found.append(_mcp(settings, parts))
    return found


def _metrics(settings: Settings, parts: Parts) -> Addition:
    measures = open_measures(settings)

    def pages() -> Iterable[PageNow]:
        return parts.board.now.pages.values()

    collector = TrackerCollector(pages, measures, UpdatedByHistory(parts.history), parts.clock)
    return Addition(metrics_router(collector), [_Closing(measures.close)])


def _mcp(settings: Settings, parts: Parts) -> Addition:
    # The import of the protocol takes a second, which only a server with the tools pays.
    from tracker.mcp.knowledge import Knowledge  # noqa: PLC0415
    from tracker.mcp.route import McpService  # noqa: PLC0415
    from tracker.mcp.server import build_server  # noqa: PLC0415

    alerts = open_alerts(settings)
    knowledge = Knowledge(
        pages=lambda: tuple(parts.board.now.pages.values()),
        history=lambda: parts.history,
        alerts=alerts,
        diagnosis=lambda: diagnose(gather(settings, utc_now())),
        clock=parts.clock,
    )
    service = McpService(build_server(knowledge), {*parts.settings.hosts, parts.bound})
    return Addition(service.router(), [service, _Closing(alerts.close)])


def additions_of(settings: Settings) -> Callable[[Parts], Sequence[Addition]]:
    """Return the function that builds the additions."""
    return partial(additions, settings)
