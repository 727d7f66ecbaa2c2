"""The catalogue and the sinks behind settings: all that commands which only look need."""

from tracker.environment.settings import Settings
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import connect
from tracker.store.sinks import RedisSinks


def catalogue(settings: Settings) -> RedisCatalogue:
    """Return the catalogue in the data server that the settings name."""
    return RedisCatalogue(connect(settings.redis_url))


def sinks(settings: Settings) -> RedisSinks:
    """Return the sinks in the data server that the settings name."""
    return RedisSinks(connect(settings.redis_url))
