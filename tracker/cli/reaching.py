"""The way of a command to the data server of a running tracker, apart from options: it imports the server's library."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tracker.cli.options import PROVIDERS_FILE, default_data_dir, read_providers
from tracker.environment.settings import Settings
from tracker.errors import ConfigError, NoServer, ServerAway, ServerUnfit
from tracker.model.provider import Provider
from tracker.store.catalogue import RedisCatalogue
from tracker.store.connection import connect
from tracker.store.inspection import Inspection, inspect

_START: Final = "start `tracker up`, give its --data-dir, or set REDIS_URL"


def listed_providers(path: Path | None, environ: Mapping[str, str] = os.environ) -> tuple[Provider, ...]:
    """Return the providers of a file, or without a file the watched ones. Raises ConfigError, StoreError."""
    if path is None and not PROVIDERS_FILE.exists():
        try:
            return running_catalogue(default_data_dir(environ), environ).providers()
        except NoServer:
            pass  # the sentence about the missing file says more
    return read_providers(path or PROVIDERS_FILE)


def running_catalogue(data_dir: Path, environ: Mapping[str, str] = os.environ) -> RedisCatalogue:
    """Return the catalogue of the tracker that the environment or the data directory points to. Raises ConfigError."""
    # Not by way of `opening`, which imports all of alerting: `gate` has to start fast, also where no bytecode is kept.
    return RedisCatalogue(connect(reached(data_dir, environ)[0].redis_url))


def reached(data_dir: Path, environ: Mapping[str, str] = os.environ) -> tuple[Settings, Inspection]:
    """Return these settings, and the findings about the data server. Raises ConfigError."""
    settings = located(data_dir, environ)
    try:
        return settings, inspect(settings.redis_url, commands=False)
    except (ServerAway, ServerUnfit) as error:
        raise not_running(error, data_dir, environ) from error


def located(data_dir: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings that lead to the data server of a tracker, running or not. Raises ConfigError."""
    if _names_server(environ):
        return Settings.from_environment(environ)
    from tracker.supervise.server import server_url  # noqa: PLC0415  the embedded server's library

    url = server_url(data_dir)
    if url is None:
        raise NoServer(f"the tracker is not running, and has never run with the data directory {data_dir}; {_START}")
    return Settings.from_environment({**environ, "REDIS_URL": url})


def not_running(error: ConfigError, data_dir: Path, environ: Mapping[str, str] = os.environ) -> ConfigError:
    """Return the error of a command that cannot use the tracker's data server for that reason."""
    if _names_server(environ):
        return NoServer(f"the tracker is not running: {error}") if isinstance(error, NoServer) else error
    stopped = f"the tracker is not running (data directory: {data_dir})"
    if isinstance(error, NoServer):
        return NoServer(f"{stopped}; {_START}")
    if isinstance(error, ServerUnfit):
        # The tracker's own server would take the password: another server has taken its port since.
        return NoServer(f"{stopped}, and another program has its port; {_START}")
    log = data_dir / "server" / "server.log"
    return ServerAway(f"the tracker does not answer (data directory: {data_dir}); {log} may say why")


def _names_server(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("REDIS_URL") or environ.get("REDIS_URL_FILE"))
