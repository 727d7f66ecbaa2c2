"""The common parts of commands about the past: options, filters, and progress while a long record is read."""

import sys
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import click

from tracker.cli.completion import watched
from tracker.cli.table import size
from tracker.errors import ConfigError
from tracker.ledger.record import Progress
from tracker.model.event import Event

#: Progress shows once reading takes longer.
_QUIET_S: Final = 1.0
_SHOWN_EVERY_S: Final = 0.5

provider_option = click.option(
    "--provider",
    "providers",
    multiple=True,
    metavar="PROVIDER",
    shell_complete=watched,
    help="Only this provider: an id, a name, or a pattern such as 'aws-*'. Repeatable.",
)


def is_of(providers: Sequence[str]) -> Callable[[Event], bool]:
    """Return a predicate for events of some providers, by id, name or glob; of any for none."""
    globs = [word.casefold() for word in providers]

    def is_wanted(event: Event) -> bool:
        called = (event.provider.casefold(), event.provider_name.casefold())
        return not globs or any(name == glob or fnmatchcase(name, glob) for glob in globs for name in called)

    return is_wanted


def progress(path: Path) -> Progress:
    """Return the progress display for a long record, on standard error if that is a terminal."""
    began = shown = time.monotonic()

    def tell(read: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if not sys.stderr.isatty() or now - began < _QUIET_S:
            return
        if read >= total:
            click.echo("\r\x1b[K", nl=False, err=True)
        elif now - shown >= _SHOWN_EVERY_S:
            shown = now
            click.echo(f"\rreading {path}: {read / total:.0%} of {size(total)}\x1b[K", nl=False, err=True)

    return tell


def refuse_unseen(providers: Sequence[str], seen: dict[str, str]) -> None:
    """Refuse a provider that the record does not know, with the likely names. Raises ConfigError."""
    from tracker.cli.naming import did_you_mean  # noqa: PLC0415  difflib, only for a mistake

    called = [*seen.values(), *seen]
    for word in providers:
        if not any(
            name.casefold() == word.casefold() or fnmatchcase(name.casefold(), word.casefold()) for name in called
        ):
            hint = did_you_mean(word, called) or "`tracker providers list` shows what is watched"
            raise ConfigError(f"the record has no update of a provider {word}; {hint}")
