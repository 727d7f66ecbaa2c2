"""Options and look-ups that several commands share. Contains no business logic."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from tracker.bootstrap import open_catalogue
from tracker.catalogue import PROVIDERS, load_catalogue
from tracker.catalogue.schema import Entry
from tracker.environment.settings import Settings
from tracker.errors import ConfigError, NoServer
from tracker.model.provider import Provider
from tracker.parse import FORMAT_NAMES
from tracker.parse.custom import understood
from tracker.store.catalogue import RedisCatalogue
from tracker.store.inspection import Inspection, inspect
from tracker.supervise.server import server_url

Function = TypeVar("Function", bound=Callable[..., Any])

PROVIDERS_FILE: Final = Path("providers.toml")
DATA_DIR: Final = Path("data")

providers_option = click.option(
    "--providers",
    "providers_file",
    type=click.Path(path_type=Path),
    default=PROVIDERS_FILE,
    show_default=True,
    help="The list of pages.",
)
data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=lambda: Path(os.environ.get("TRACKER_DATA_DIR") or DATA_DIR),
    show_default=str(DATA_DIR),
    help="Where the tracker keeps its files.",
)
format_option = click.option(
    "--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True
)
header_option = click.option(
    "--header-env",
    multiple=True,
    metavar="HEADER=VARIABLE",
    help="A header of the requests, and the variable that holds its value. Repeat it.",
)


def key_options(*keys: str) -> Callable[[Function], Function]:
    """Add an option for each of these keys of a provider; `given_keys` reads what they were given."""

    def add(command: Function) -> Function:
        for key in reversed(keys):
            command = _key_option(PROVIDERS.entries[key])(command)
        return command

    return add


def _key_option(entry: Entry) -> Callable[[Function], Function]:
    """Return the option that gives a key; one that is not given is None or ()."""
    flag = f"--{entry.name.replace('_', '-')}"
    if entry.type is bool:
        switch = f"{flag}/--no-{flag[2:]}" if entry.default else flag
        return click.option(switch, entry.field, is_flag=True, default=None, help=entry.key.help)
    if entry.type is tuple:
        repeated = f"{entry.key.help} Repeat it."
        return click.option(flag, entry.field, multiple=True, metavar=entry.key.metavar, help=repeated)
    usual = f"{entry.key.help}  [default: {entry.default}]" if entry.default is not None else entry.key.help
    kind = int if entry.type is int else str
    return click.option(flag, entry.field, type=kind, metavar=entry.key.metavar, help=usual)


#: An option for each filter of a provider.
filter_options: Final = key_options(*PROVIDERS.filter_keys)


def given_keys(**options: object) -> dict[str, Any]:
    """Return the options of `key_options` that were given, by field."""
    return {field: value for field, value in options.items() if value is not None and value != ()}


def given_headers(pairs: Sequence[str]) -> dict[str, str] | None:
    """Return the headers of `header_option` with their variables, None for none. Raises ConfigError."""
    headers = {}
    for pair in pairs:
        name, divider, variable = pair.partition("=")
        if not divider or name in headers:
            # What was given is not repeated: it may be a secret.
            raise ConfigError("--header-env takes HEADER=VARIABLE, each header once, as in Authorization=ACME_AUTH")
        headers[name] = variable
    return headers or None


def read_providers(path: Path) -> tuple[Provider, ...]:
    """Return the providers of a file. Raises ConfigError."""
    return load_catalogue(path, formats=FORMAT_NAMES, understand=understood)


def environment(data_dir: Path, environ: Mapping[str, str] = os.environ, **variables: str) -> dict[str, str]:
    """Return the environment with what the command line says about it."""
    return {**environ, "TRACKER_DATA_DIR": str(data_dir), **variables}


def running_catalogue(data_dir: Path, environ: Mapping[str, str] = os.environ) -> RedisCatalogue:
    """Return the catalogue of the tracker that the environment or the data directory points to. Raises ConfigError."""
    return open_catalogue(running_settings(data_dir, environ))


def chosen(providers: Sequence[Provider], ids: Sequence[str]) -> list[Provider]:
    """Return the providers with these ids, or all for none. Raises ConfigError."""
    unknown = sorted(set(ids) - {provider.id for provider in providers})
    if unknown:
        raise ConfigError(f"there is no provider {unknown[0]}; `tracker providers list` shows them all")
    return [provider for provider in providers if not ids or provider.id in ids]


def running_settings(data_dir: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings that lead to a running tracker's data server, which answers. Raises ConfigError."""
    return reached(data_dir, environ)[0]


def reached(data_dir: Path, environ: Mapping[str, str] = os.environ) -> tuple[Settings, Inspection]:
    """Return these settings, and what was found of the data server. Raises ConfigError."""
    if environ.get("REDIS_URL") or environ.get("REDIS_URL_FILE"):
        settings = Settings.from_environment(environ)
        return settings, inspect(settings.redis_url, commands=False)
    remedy = "start `tracker up`, give its --data-dir, or set REDIS_URL"
    url = server_url(data_dir)
    if url is None:
        raise ConfigError(f"no tracker has run on {data_dir}; {remedy}")
    settings = Settings.from_environment({**environ, "REDIS_URL": url})
    try:
        return settings, inspect(settings.redis_url, commands=False)
    except NoServer as error:
        raise ConfigError(f"no tracker runs on {data_dir} now; {remedy}") from error
