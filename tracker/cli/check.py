"""`tracker check`: how a page is read, and what would be tracked. Needs no data server and changes nothing."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click
import msgspec

from tracker.bootstrap import build_fetcher, client_options
from tracker.catalogue import as_toml, slug
from tracker.catalogue.presets import chosen
from tracker.cli.check_file import check_file
from tracker.cli.completion import vendors
from tracker.cli.options import environment, filter_options, formats, given_headers, given_keys, header_option
from tracker.cli.table import json_text
from tracker.detection.readability import incomplete
from tracker.environment.settings import Settings
from tracker.errors import TrackerError
from tracker.model.clock import utc_now
from tracker.model.filters import unmatched
from tracker.model.page import Component, Snapshot
from tracker.model.page_state import PageState
from tracker.model.plain import one_line
from tracker.model.provider import Provider
from tracker.parse import FORMAT_NAMES
from tracker.polling.answers import shows_incidents, speaks
from tracker.polling.candidates import same_host
from tracker.polling.discovery import Attempt, Discovery, Found
from tracker.polling.observer import Observer
from tracker.polling.reading import Observation

#: Components of each group that are shown; JSON has all.
_MOST_SHOWN: Final = 8
_LONGEST: Final = 200
_NAME: Final = 60


class RequestedAddress(msgspec.Struct, frozen=True, kw_only=True):
    """One requested address, and its answer."""

    url: str
    answered: str


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `check` for a page, in its stable form."""

    url: str
    asked: tuple[RequestedAddress, ...]
    #: The reason why nothing was found, None if something was.
    error: str | None = None
    #: The name of the format, and that of the platform for people.
    format: str | None = None
    platform: str | None = None
    host: str | None = None
    primary: str | None = None
    details: tuple[str, ...] = ()
    #: The page's own name.
    page: str | None = None
    incidents: int = 0
    open_incidents: int = 0
    maintenances: int = 0
    components: tuple[Component, ...] = ()
    warnings: tuple[str, ...] = ()
    #: Lines for providers.toml.
    provider: str = ""


@click.command()
@click.argument("page", shell_complete=vendors)
@click.option("--allow-private", is_flag=True, help="Allow an address that is not public.")
@click.option(
    "--page-format",
    type=click.Choice(["auto", *FORMAT_NAMES]),
    metavar="NAME",
    default="auto",
    show_default=True,
    help="The page's format, such as statuspage.",
)
@header_option
@filter_options
# Earlier versions had `--format` for the page and `--output` for the output.
@formats("text", "json", also=("auto", *FORMAT_NAMES))
@click.option("--output", "former_output", type=click.Choice(["text", "json"]), hidden=True)
def check(
    page: str,
    allow_private: bool,
    page_format: str,
    header_env: tuple[str, ...],
    output_format: str,
    former_output: str | None,
    **filters: object,
) -> None:
    """Show how a page is read and what would be tracked; exit status 1 if it cannot be read.

    PAGE is an address, or a preset that `tracker providers search` shows. The command names
    filters that match nothing of the page. For a file such as providers.toml, it shows whether the file can be read,
    which sinks would get nothing, and which variables are missing.

    \b
    Example:
      tracker check https://www.githubstatus.com --components 'Git*'
    """
    if output_format not in ("text", "json"):
        page_format, output_format = output_format, "text"
    output_format = former_output or output_format
    if page.endswith(".toml"):
        check_file(Path(page), output_format)
        return
    choice = chosen(page)
    provider = choice.provider(
        formats=FORMAT_NAMES,
        headers_env=given_headers(header_env),
        format=page_format,
        allow_private=allow_private,
        **given_keys(**filters),
    )
    report = ask(provider, name=choice.name)
    click.echo(json_text(report) if output_format == "json" else "\n".join(_lines(report)))
    if report.error is not None:
        sys.exit(1)


def ask(provider: Provider, *, name: str | None) -> CheckReport:
    """Return a report on a page and its tracked part, under a chosen name. Raises ConfigError."""
    variables = environment(Path("data"), os.environ)
    fetcher = build_fetcher(client_options(Settings.from_environment(variables)))
    observer, now, state = Observer(fetcher, variables), utc_now(), PageState(url=provider.url)
    try:
        discovery, observed = observer.look(provider, state, now)
        if observed is not None:
            observed = observer.complete(provider, state, observed, now)
    finally:
        fetcher.close()
    return _report(provider, discovery, observed, name=name)


def found_line(report: CheckReport) -> str:
    """Return the findings in one line."""
    return (
        f"{report.platform} at {one_line(report.host or '', _LONGEST)}: "
        f"{_count(report.incidents, 'incident')} ({report.open_incidents} open), "
        f"{_count(report.maintenances, 'maintenance')}, {_count(len(report.components), 'component')}"
    )


def _report(provider: Provider, discovery: Discovery, observed: Observation | None, *, name: str | None) -> CheckReport:
    asked = tuple(map(_asked, discovery.attempts))
    if observed is None or discovery.found is None or observed.snapshot is None:
        failure: TrackerError | str = discovery.failure or "nothing was found"
        return CheckReport(url=provider.url, asked=asked, error=str(failure))
    snapshot, source = observed.snapshot, discovery.found.source
    return CheckReport(
        url=provider.url,
        asked=asked,
        format=source.format,
        platform=speaks(source).title,
        host=urlsplit(source.primary).netloc,
        primary=source.primary,
        details=source.details,
        page=snapshot.name,
        incidents=len(snapshot.incidents),
        open_incidents=sum(incident.is_open for incident in snapshot.incidents),
        maintenances=len(snapshot.maintenances),
        components=snapshot.components,
        warnings=tuple(_warnings(provider, discovery.found, snapshot, incomplete(observed.state))),
        provider=_entry(provider, name or one_line(snapshot.name or "", _NAME) or provider.name),
    )


def _asked(attempt: Attempt) -> RequestedAddress:
    return RequestedAddress(url=attempt.url, answered=attempt.answered)


def _warnings(provider: Provider, found: Found, snapshot: Snapshot, failure: str | None) -> Iterator[str]:
    source = found.source
    if not shows_incidents(found.answer, source):
        yield "its entries do not look like incidents: each new one is reported as an incident"
    if not same_host(provider.url, source.primary):
        yield f"{urlsplit(provider.url).netloc} leads to {urlsplit(source.primary).netloc}"
    if failure is not None:
        yield f"not all of it can be read: {failure}"
    if not snapshot.components:
        yield "it shows no components: only incidents and maintenances are reported"
    elif not snapshot.components_complete and not any(each.kind == "component" for each in snapshot.omissions):
        yield "it shows a part of its components only"
    if snapshot.unknown_words:
        yield f"words for a status that are not known: {', '.join(snapshot.unknown_words)}"
    silent = sum(incident.status == "unknown" for incident in snapshot.incidents)
    if silent:
        yield f"{_count(silent, 'incident')} without a status: it is not known whether they are open"
    for sentence in unmatched(provider, snapshot):
        yield f"filter {sentence}"


def _entry(provider: Provider, name: str) -> str:
    """Return the lines of providers.toml for the page."""
    return as_toml([msgspec.structs.replace(provider, name=name, id=slug(name))]).rstrip()


def _lines(report: CheckReport) -> Iterator[str]:
    """Yield lines for people; vendor text is made safe for a terminal."""
    yield "asked:"
    for attempt in report.asked:
        yield f"  {one_line(attempt.url, _LONGEST)}: {one_line(attempt.answered, _LONGEST)}"
    if report.error is not None:
        yield f"not found: {one_line(report.error, 2 * _LONGEST)}"
        return
    yield f"found: {report.platform} at {one_line(report.host or '', _LONGEST)}"
    yield f"  requested at every poll: {one_line(report.primary or '', _LONGEST)}"
    for url in report.details:
        yield f"  requested when that changes: {one_line(url, _LONGEST)}"
    yield (
        f"tracked: {_count(report.incidents, 'incident')} ({report.open_incidents} open), "
        f"{_count(report.maintenances, 'maintenance')}, {_count(len(report.components), 'component')}"
    )
    yield from _component_lines(report.components)
    for warning in report.warnings:
        yield f"note: {one_line(warning, _LONGEST)}"
    yield "for providers.toml:"
    yield ""
    yield report.provider


def _component_lines(components: Sequence[Component]) -> Iterator[str]:
    groups: dict[str | None, list[Component]] = {}
    for part in components:
        groups.setdefault(part.group, []).append(part)
    # Those without a group first.
    for group, parts in sorted(groups.items(), key=lambda item: item[0] is not None):
        indent = "  "
        if group is not None:
            yield f"  {one_line(group, _NAME)}"
            indent = "    "
        # Broken components first, so that the cut never hides one.
        for part in sorted(parts, key=lambda part: part.status == "operational")[:_MOST_SHOWN]:
            yield f"{indent}{one_line(part.name, _NAME)}: {part.status.replace('_', ' ')}"
        if len(parts) > _MOST_SHOWN:
            yield f"{indent}… and {len(parts) - _MOST_SHOWN} more"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
