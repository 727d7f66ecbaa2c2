"""Opens parts of the data server by settings. Commands that only read import nothing more, and so start fast."""

from collections.abc import Sequence

from tracker.alerting.desk import Desk
from tracker.delivery.event_stream import RECORD
from tracker.environment.settings import Settings
from tracker.model.clock import utc_now
from tracker.store.alert_rows import RedisRows
from tracker.store.alerts import RedisAlerts
from tracker.store.arrivals import RedisArrivals
from tracker.store.asking import ask
from tracker.store.board import RedisBoard
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import connect, connect_async
from tracker.store.drills import RedisDrills
from tracker.store.measures import RedisMeasures
from tracker.store.ownership import Fence
from tracker.store.pages import RedisPages
from tracker.store.sinks import RedisSinks


def open_catalogue(settings: Settings, fence: Fence | None = None) -> RedisCatalogue:
    """Return the catalogue in the data server that the settings name."""
    return RedisCatalogue(connect(settings.redis_url), fence)


def open_sinks(settings: Settings, fence: Fence | None = None) -> RedisSinks:
    """Return the sinks in the data server that the settings name."""
    return RedisSinks(connect(settings.redis_url), fence)


def open_pages(settings: Settings) -> RedisPages:
    """Return the pages in the data server that the settings name."""
    return RedisPages(connect(settings.redis_url))


def open_alerts(settings: Settings, fence: Fence | None = None) -> RedisAlerts:
    """Return the alerts in the data server that the settings name."""
    return RedisAlerts(connect(settings.redis_url), fence=fence)


def open_rows(settings: Settings) -> RedisRows:
    """Return the messages to channels, in the data server that the settings name."""
    return RedisRows(connect(settings.redis_url))


def open_desk(settings: Settings) -> Desk:
    """Return the use cases of people on alerts, in the data server that the settings name."""
    client = connect(settings.redis_url)
    return Desk(RedisAlerts(client), RedisRows(client), utc_now)


def open_drills(settings: Settings) -> RedisDrills:
    """Return the drills that somebody began, in the data server that the settings name."""
    return RedisDrills(connect(settings.redis_url))


def open_board(settings: Settings) -> RedisBoard:
    """Return the data server as screens and interfaces see it."""
    return RedisBoard(connect(settings.redis_url))


def open_arrivals(settings: Settings) -> RedisArrivals:
    """Return the entries of the event stream, as they arrive."""
    return RedisArrivals(connect_async(settings.redis_url))


def open_measures(settings: Settings) -> RedisMeasures:
    """Return the data server as metrics see it."""
    # A scraper waits for ten seconds; a server that does not answer within three counts as away.
    return RedisMeasures(connect(settings.redis_url, answer_s=3.0, tries=0), RECORD)


def ask_server(settings: Settings, words: Sequence[str]) -> list[str]:
    """Return the data server's answer to one reading command, by lines. Raises ConfigError, StoreError."""
    client = connect(settings.redis_url)
    try:
        return ask(client, *words)
    finally:
        client.close()
