"""Options and look-ups that several commands share. Contains no business logic."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from tracker.catalogue import PROVIDERS, Contents, load_catalogue, load_contents
from tracker.catalogue.schema import TableKey
from tracker.errors import ConfigError
from tracker.model.provider import Provider

if TYPE_CHECKING:
    from tracker.environment.settings import Settings

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
#: For commands that change nothing: without a file they take the pages of the running tracker.
listed_option = click.option(
    "--providers",
    "providers_file",
    type=click.Path(path_type=Path),
    show_default=f"{PROVIDERS_FILE}, or without that file the pages that are watched",
    help="The list of pages.",
)


def default_data_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the directory of the tracker's files if no option names one."""
    return Path(environ.get("TRACKER_DATA_DIR") or DATA_DIR)


data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=default_data_dir,
    show_default=str(DATA_DIR),
    help="The directory of the tracker's files.",
)

header_option = click.option(
    "--header-env",
    multiple=True,
    metavar="HEADER=VARIABLE",
    help="A header of the requests, and the variable that holds its value. Repeatable.",
)


def format_option(command: Function) -> Function:
    """Add `--format text|json`, and `--json` for short."""
    return formats("text", "json")(command)


def formats(*known: str, also: Sequence[str] = ()) -> Callable[[Function], Function]:
    """Return a decorator that adds `--format` with these words, the first one by default, and `--json` for short.

    Words of `also` are accepted as well, and not in the help.
    """

    def add(command: Function) -> Function:
        def formatted(*args: Any, as_json: bool, **kwargs: Any) -> Any:
            if as_json:
                kwargs["output_format"] = "json"
            return command(*args, **kwargs)

        # mypy does not give a wrapped function the type of the function that it wraps.
        named: Function = wraps(command)(formatted)  # type: ignore[assignment]
        with_short = click.option("--json", "as_json", is_flag=True, help="Short for --format json.")(named)
        return click.option(
            "--format",
            "output_format",
            type=click.Choice([*known, *also]),
            metavar=f"[{'|'.join(known)}]",
            default=known[0],
            show_default=True,
            help="The format of the output.",
        )(with_short)

    return add


class Duration(click.ParamType[Any]):
    """A length of time: `90s`, `5m`, `2h`, `30d`, or a number of seconds."""

    name = "duration"
    _UNITS: Final = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the length of time; a wrong value is a usage error."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,6})?)\s*([a-z]*)\s*", str(value))
        if found is None or found[2] not in self._UNITS:
            self.fail(f"{value!r} is not a length of time; write one like 90s, 5m, 2h or 30d", param, ctx)
        try:
            return timedelta(seconds=float(found[1]) * self._UNITS[found[2]])
        except OverflowError:
            self.fail(f"{value!r} is too long", param, ctx)


class Moment(Duration):
    """A moment: `2026-11-27`, `2026-11-27T10:00`, or a length of time ago as in `2h`."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return an aware moment in UTC; one without a zone is in UTC."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value).strip())
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            pass
        try:
            return datetime.now(UTC) - super().convert(value, param, ctx)
        except (click.BadParameter, OverflowError):
            self.fail(f"{value!r} is not a moment; write one like 2026-11-27, 2026-11-27T10:00, or 2h for 2 hours ago")


def key_options(*keys: str) -> Callable[[Function], Function]:
    """Add an option for each of these keys of a provider; `given_keys` reads the given ones."""

    def add(command: Function) -> Function:
        for key in reversed(keys):
            command = _key_option(PROVIDERS.entries[key])(command)
        return command

    return add


def _key_option(entry: TableKey) -> Callable[[Function], Function]:
    """Return the option for a key; one that is not given is None or ()."""
    # On every command, `--format` is the format of the output.
    flag = "--page-format" if entry.name == "format" else f"--{entry.name.replace('_', '-')}"
    if entry.type is bool:
        switch = f"{flag}/--no-{flag[2:]}" if entry.default else flag
        return click.option(switch, entry.field, is_flag=True, default=None, help=entry.key.help)
    if entry.type is tuple:
        repeated = f"{entry.key.help} Repeatable."
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
            # The message does not repeat the input: it may be a secret.
            raise ConfigError("--header-env takes HEADER=VARIABLE, each header once, as in Authorization=ACME_AUTH")
        headers[name] = variable
    return headers or None


def read_providers(path: Path) -> tuple[Provider, ...]:
    """Return the providers of a file. Raises ConfigError."""
    from tracker.parse import FORMAT_NAMES  # noqa: PLC0415  the parsers, which most commands need not
    from tracker.parse.custom import understood  # noqa: PLC0415  the same

    return load_catalogue(path, formats=FORMAT_NAMES, understand=understood)


def read_contents(path: Path) -> Contents:
    """Return all that a file holds. Raises ConfigError."""
    from tracker.parse import FORMAT_NAMES  # noqa: PLC0415  the parsers, which most commands need not
    from tracker.parse.custom import understood  # noqa: PLC0415  the same

    return load_contents(path, formats=FORMAT_NAMES, understand=understood)


def environment(data_dir: Path, environ: Mapping[str, str] = os.environ, **variables: str) -> dict[str, str]:
    """Return the environment with the overrides of the command line."""
    return {**environ, "TRACKER_DATA_DIR": str(data_dir), **variables}


def running_settings(data_dir: Path, environ: Mapping[str, str] = os.environ) -> "Settings":
    """Return the settings of a running tracker, whose data server answers. Raises ConfigError."""
    from tracker.cli.reaching import reached  # noqa: PLC0415  it imports the library of the data server

    return reached(data_dir, environ)[0]
