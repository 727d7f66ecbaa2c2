"""`tracker config`: providers.toml before it is used."""

from pathlib import Path

import click

from tracker.cli.check_file import check_file
from tracker.cli.lazy import FullHelp
from tracker.cli.options import PROVIDERS_FILE, format_option


@click.group(cls=FullHelp)
def config() -> None:
    """Check a providers.toml before it is used.

    \b
    Example:
      tracker config check providers.toml
    """


@config.command("check")
@click.argument("file", type=click.Path(path_type=Path), default=PROVIDERS_FILE)
@format_option
def check_(file: Path, output_format: str) -> None:
    """Check whether a file can be used, which sinks would get nothing, and which variables are missing.

    No page is requested and nothing has to run, so the command fits a pipeline; exit status 2 for an error. A note is
    not an error.

    \b
    Example:
      tracker config check providers.toml --json
    """
    check_file(file, output_format)


@config.command("reference")
def reference_() -> None:
    """Print all variables of the environment and all keys of providers.toml, as Markdown.

    \b
    Example:
      tracker config reference | less
    """
    from tracker.cli.reference import reference  # noqa: PLC0415  for this command alone

    click.echo(reference(), nl=False)
