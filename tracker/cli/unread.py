"""Sentences about presets whose pages cannot be read. Contains no business logic."""

import click

from tracker.catalogue.presets import Choice


def is_unread(choice: Choice) -> bool:
    """Return whether no part of a chosen page can be read yet."""
    return _reason(choice) is not None


def print_unread(choice: Choice) -> None:
    """Print a note about a chosen page that cannot be read yet."""
    reason = _reason(choice)
    if reason is not None:
        click.echo(f"note: {choice.name} cannot be read yet ({reason}): it stays unknown", err=True)


def _reason(choice: Choice) -> str | None:
    from tracker.polling.coverage import Extent, coverage  # noqa: PLC0415  the parsers, which most commands need not

    known = None if choice.preset is None else coverage(choice.preset)
    return known.reason if known is not None and known.reach is Extent.NOT else None
