"""`tracker init`: a first providers.toml."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from tracker.catalogue import as_toml, new_provider
from tracker.catalogue.presets import Choice, chosen
from tracker.cli.completion import vendors
from tracker.cli.options import PROVIDERS_FILE, read_providers
from tracker.cli.unread import print_unread
from tracker.errors import ConfigError
from tracker.model.provider import Provider

_HEAD: Final = """\
# The status pages that are watched. `tracker config check` checks this file, `tracker up` watches its pages.
# All keys: docs/reference.md, or https://github.com/status-page-tracker/status-page-tracker.

[defaults]
interval = 60             # seconds between two polls of a page; 10 at least, unless the page is your own
cadence = "adaptive"      # faster in an incident, slower after long quiet; "fixed" keeps the interval
# min_impact = "minor"    # the least that is reported: none, minor, major or critical
# maintenance = false     # leave out maintenance
"""
_TAIL: Final = """\
# A key below a [[provider]] applies to that page alone:
#
# [[provider]]
# name = "Acme"
# url = "https://status.acme.example"    # the page, or an endpoint or feed of it
# group = "payments"                     # `tracker status --group payments` shows these together
# components = ["API*", "!*Beta*"]       # ! leaves out what follows
#
# Receivers of updates in addition to the log; secrets stay in the environment:
#
# [[sink]]
# name = "ops"
# url_env = "OPS_WEBHOOK_URL"
# format = "slack"                       # or json, discord, teams
"""


@click.command()
@click.argument("vendors", nargs=-1, metavar="[VENDOR]...", shell_complete=vendors)
@click.option(
    "--file",
    "path",
    type=click.Path(path_type=Path),
    default=PROVIDERS_FILE,
    show_default=True,
    help="The file to write.",
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
def init(vendors: tuple[str, ...], path: Path, force: bool) -> None:
    """Write a providers.toml for the vendors that you name.

    A vendor is a name that `tracker providers search` shows, or the address of any status page. Without vendors, the
    command asks for them. It requests no page; `tracker check PAGE` does.

    \b
    Example:
      tracker init openai github aws:us-east-1/ec2 https://status.example.com
    """
    if path.exists() and not force:
        raise ConfigError(f"{path} is there already; add --force to replace it, or name another --file")
    wanted = _providers([chosen(word) for word in vendors] if vendors else _asked())
    try:
        path.write_text(f"{_HEAD}\n{as_toml(wanted)}\n{_TAIL}", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror}); choose another --file") from error
    read_providers(path)  # the file that was written can be used
    names = ", ".join(provider.id for provider in wanted)
    where = "" if path == PROVIDERS_FILE else f" --providers {path}"
    click.echo(f"wrote {path}: {names}")
    click.echo(f"next: `tracker up{where}` watches them, `tracker status` shows their states", err=True)


def _asked() -> Sequence[Choice]:
    """Return the choices for the names that a person types; after an unknown name, ask again. Raises ConfigError."""
    if not sys.stdin.isatty():
        raise ConfigError(
            "name some vendors, as in `tracker init openai github`; `tracker providers search` lists them"
        )
    click.echo("Which vendors do you depend on? Names or addresses of status pages, with spaces between; Enter ends.")
    choices: list[Choice] = []
    while True:
        line = click.prompt("vendors", default="", show_default=False, prompt_suffix="> ")
        words = line.replace(",", " ").split()
        if not words and choices:
            return choices
        for word in words:
            try:
                choices.append(chosen(word))
            except ConfigError as error:
                click.echo(str(error))
        if choices:
            click.echo(f"so far: {', '.join(choice.name or choice.url for choice in choices)}")


def _providers(choices: Sequence[Choice]) -> list[Provider]:
    """Return the providers, each page once. Raises ConfigError."""
    from tracker.parse import FORMAT_NAMES  # noqa: PLC0415  the parsers

    found: dict[str, Provider] = {}
    for choice in choices:
        provider = new_provider(
            choice.url,
            formats=FORMAT_NAMES,
            name=choice.name,
            regions=choice.regions,
            components=choice.components,
            origin="file",
        )
        if provider.id in found and found[provider.id] != provider:
            raise ConfigError(f"two of these would have the id {provider.id}; write one of them into the file yourself")
        found[provider.id] = provider
        print_unread(choice)
    return list(found.values())
