"""`tracker gate`: an exit status for scripts and pipelines."""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import click
import msgspec

from tracker.assessment import (
    Assessment,
    Reason,
    Ruling,
    State,
    UnknownPolicy,
    assess,
    assess_component,
    is_it_them,
    ruling,
    together,
)
from tracker.cli import PROBLEM, UNKNOWN
from tracker.cli.completion import watched
from tracker.cli.naming import did_you_mean, meant
from tracker.cli.options import Duration, data_dir_option, format_option
from tracker.cli.reaching import running_catalogue
from tracker.cli.table import coloured, duration, json_text
from tracker.errors import ConfigError, StoreError
from tracker.model.clock import utc_now
from tracker.model.page import Component
from tracker.model.plain import one_line
from tracker.model.provider import Provider
from tracker.store.catalogue import RedisCatalogue
from tracker.store.pages import PageStatus

_STATUSES: Final = {Ruling.PASS: 0, Ruling.FAIL: PROBLEM, Ruling.UNKNOWN: UNKNOWN}
_FAIL_ON: Final = (State.MINOR, State.MAJOR, State.CRITICAL, State.MAINTENANCE)
#: How often `--wait` checks.
_LOOK_EVERY_S: Final = 2.0
_LONGEST: Final = 200


class Gated(msgspec.Struct, frozen=True, kw_only=True):
    """One vendor or component: its stable form."""

    provider: str
    component: str | None = None
    #: `pass`, `fail` or `unknown`.
    result: Ruling
    #: `yes`, `no` or `unknown`: whether they have a problem.
    answer: str
    state: State
    evidence: str
    link: str | None
    age_s: float | None


class GateReport(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON of `gate`, in its stable form."""

    result: Ruling
    exit_status: int
    targets: tuple[Gated, ...]


class Dependency(msgspec.Struct, frozen=True, kw_only=True):
    """A dependency: a vendor, or one component of its page."""

    provider: Provider
    #: Name, id or glob of components; None for the whole page.
    component: str | None = None


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="PROVIDER[/COMPONENT]...", shell_complete=watched)
@click.option(
    "--fail-on",
    type=click.Choice([state.value for state in _FAIL_ON]),
    default=State.MINOR.value,
    show_default=True,
    help="The lowest impact that fails; maintenance fails on any problem as well.",
)
@click.option(
    "--unknown",
    "policy",
    type=click.Choice([policy.value for policy in UnknownPolicy]),
    default=UnknownPolicy.FAIL.value,
    show_default=True,
    help="Whether an unknown state ends with status 3 or passes.",
)
@click.option("--max-age", type=Duration(), help="Treat a state that was read longer ago as unknown; as in 5m.")
@click.option("--wait", type=Duration(), help="Wait at most this long for a pass; as in 10m.")
@data_dir_option
@format_option
def gate(
    targets: tuple[str, ...],
    fail_on: str,
    policy: str,
    max_age: timedelta | None,
    wait: timedelta | None,
    data_dir: Path,
    output_format: str,
) -> None:
    """Exit with status 1 while vendors have a problem.

    \b
    Exit status:
      0  no vendor has a problem as bad as --fail-on
      1  at least one vendor has one
      2  the input is wrong, such as a provider that is not watched
      3  a state is unknown, and --unknown is fail
      4  the data server cannot be reached, whatever --unknown says

    \b
    Example:
      tracker gate github/Actions openai --fail-on major --max-age 5m --wait 10m
      tracker gate stripe --unknown pass && ./deploy
    """
    catalogue = running_catalogue(data_dir)
    wanted = [dependency_of(catalogue, word) for word in targets]

    def look() -> GateReport:
        now = utc_now()
        age_s = None if max_age is None else max_age.total_seconds()
        gated = tuple(_gated(catalogue, dependency, State(fail_on), age_s, now) for dependency in wanted)
        result = together((each.result for each in gated), UnknownPolicy(policy))
        return GateReport(result=result, exit_status=_STATUSES[result], targets=gated)

    found = _patient(look, wait) if wait else look()
    _print(found, output_format)
    sys.exit(found.exit_status)


def _print(found: GateReport, output_format: str) -> None:
    if output_format == "json":
        click.echo(json_text(found))
        return
    for each in found.targets:
        click.echo(coloured(_line(each), each.result))


def dependency_of(catalogue: RedisCatalogue, word: str) -> Dependency:
    """Return the dependency of a word; a name may hold a slash itself. Raises ConfigError, StoreError."""
    name, slash, component = word.partition("/")
    provider = catalogue.provider(word) or catalogue.provider(name)
    if provider is None:
        known = catalogue.providers()
        whole = [each for each in known if each.name.casefold() == word.casefold()]
        provider = whole[0] if len(whole) == 1 else meant(known, name)
        if whole:
            return Dependency(provider=provider)
    if slash and not component:
        raise ConfigError(f"{one_line(word, _LONGEST)} names no component; write one after the slash, or omit it")
    return Dependency(provider=provider, component=component if slash and provider.id != word else None)


def judged(page: PageStatus, component: str | None, now: datetime) -> Assessment:
    """Return the state of a page, or the worst of the named components."""
    whole = assess(page.provider, page.state, page.view, page.checked_at, now)
    if component is None or not whole.state.is_known:
        return whole
    known = page.view.known_statuses
    found = list(_named(known, component))
    if not found:
        hint = did_you_mean(component, (each.name for each in known))
        evidence = f"the page shows no component {one_line(component, _LONGEST)}" + (f"; {hint}" if hint else "")
        return msgspec.structs.replace(whole, state=State.UNKNOWN, reason=Reason.UNSAID, evidence=evidence)
    each = (assess_component(page.provider, page.state, part, page.checked_at, now) for part in found)
    return min(each, key=lambda assessment: assessment.state.rank)


def _named(components: Iterable[Component], word: str) -> Iterable[Component]:
    folded = word.casefold()
    for component in components:
        if (
            component.id == word
            or fnmatchcase(component.name.casefold(), folded)
            or component.name.casefold() == folded
        ):
            yield component


def _gated(
    catalogue: RedisCatalogue, dependency: Dependency, fail_on: State, max_age_s: float | None, now: datetime
) -> Gated:
    (page,) = catalogue.statuses_of([dependency.provider])
    assessment = judged(page, dependency.component, now)
    verdict = is_it_them(assessment, link=_link(page, assessment), max_age_s=max_age_s)
    return Gated(
        provider=dependency.provider.id,
        component=dependency.component,
        result=ruling(verdict, fail_on),
        answer=verdict.answer,
        state=verdict.state,
        evidence=verdict.evidence,
        link=verdict.link,
        age_s=verdict.age_s,
    )


def _link(page: PageStatus, assessment: Assessment) -> str:
    """Return the link to read on: the incident that decides, else the page."""
    going_on: Sequence[tuple[str, str | None]] = [(known.name, known.link) for known in page.view.going_on]
    links = (link for name, link in going_on if name == assessment.evidence and link)
    return next(links, page.provider.url)


def _patient(look: Callable[[], GateReport], wait: timedelta) -> GateReport:
    """Return the first pass within that time, else the last finding. Raises StoreError."""
    until, announced = time.monotonic() + wait.total_seconds(), None
    while True:
        try:
            found, error = look(), None
        except StoreError as failure:
            found, error = None, failure
        is_over = time.monotonic() >= until
        if found is not None and (is_over or found.result is Ruling.PASS):
            return found
        if error is not None and is_over:
            raise error
        said = str(error) if found is None else "; ".join(map(_line, _blocking(found)))
        if said != announced:
            click.echo(f"waiting: {said}", err=True)
            announced = said
        time.sleep(max(0.0, min(_LOOK_EVERY_S, until - time.monotonic())))


def _blocking(found: GateReport) -> list[Gated]:
    """Return the dependencies that keep the gate shut, without ages: only a change is printed while it waits."""
    return [msgspec.structs.replace(each, age_s=None) for each in found.targets if each.result is not Ruling.PASS]


def _line(each: Gated) -> str:
    what = f"{each.provider}/{each.component}" if each.component else each.provider
    evidence = f": {one_line(each.evidence, _LONGEST)}" if each.evidence else ""
    read = "" if each.age_s is None else f"; read {duration(each.age_s)} ago"
    link = one_line(each.link or "", _LONGEST)
    return f"{each.result}  {one_line(what, _LONGEST)}  {each.state}{evidence}{read}  {link}"
