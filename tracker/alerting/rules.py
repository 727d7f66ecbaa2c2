"""The channels that an alert goes to, and the rule that decided. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tracker.alerting.alert import Alert, rank
from tracker.model.filters import passes
from tracker.model.page import Impact
from tracker.model.provider import Provider
from tracker.model.route import HOLDS_OBJECTS, MEASURED, Alerting, AlertKind, Route, Silence

#: A page that cannot be read opens an alert after so long, where its route does not say.
UNREADABLE_AFTER_S: Final = 300


class ProviderFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The facts about a provider that routes and storms need."""

    group: str | None = None
    host: str = ""
    platform: str | None = None


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """All that decides where alerts go."""

    routes: tuple[Route, ...] = ()
    #: Names of channels that are there.
    channels: frozenset[str] = frozenset()
    #: Those among them that hold an incident open until it is closed.
    objects: frozenset[str] = frozenset()
    fallback: tuple[str, ...] = ()
    silences: tuple[Silence, ...] = ()
    providers: Mapping[str, ProviderFacts] = {}


class RouteDecision(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict of one route on one alert."""

    #: Position of the route, from 1 on.
    route: int
    matches: bool
    #: The key that decided, and why.
    reason: str
    to: tuple[str, ...] = ()


def rules_of(config: Alerting, providers: Sequence[Provider], silences: Sequence[Silence] = ()) -> Rules:
    """Return the rules that a configuration and a catalogue make."""
    return Rules(
        routes=config.routes,
        channels=frozenset(channel.name for channel in config.channels),
        objects=frozenset(channel.name for channel in config.channels if isinstance(channel, HOLDS_OBJECTS)),
        fallback=config.fallback,
        silences=tuple(silences),
        providers={provider.id: facts_of(provider) for provider in providers},
    )


def facts_of(provider: Provider) -> ProviderFacts:
    """Return the facts of a provider that routes and storms need."""
    return ProviderFacts(
        group=provider.group,
        host=urlsplit(provider.url).hostname or "",
        platform=None if provider.format == "auto" else provider.format,
    )


def wanted(alert: Alert, rules: Rules) -> dict[str, tuple[int, Route]]:
    """Return the channels that an alert goes to now, each with the route that decided and its position."""
    if alert.drill is not None and alert.drill != "*":
        return {alert.drill: (0, Route(to=(alert.drill,)))} if alert.drill in rules.channels else {}
    found: dict[str, tuple[int, Route]] = {}
    for verdict in verdicts(alert, rules):
        if verdict.matches:
            for channel in verdict.to:
                found.setdefault(channel, (verdict.route, rules.routes[verdict.route - 1]))
    if alert.kind is AlertKind.TRACKER:
        for channel in rules.fallback:
            found.setdefault(channel, (0, Route(to=(channel,))))
        # A channel is not asked to say that it does not work: it would say so once it works again.
        found.pop(alert.subject.removeprefix("channel/"), None)
    return {channel: route for channel, route in found.items() if channel in rules.channels}


def verdicts(alert: Alert, rules: Rules) -> Iterator[RouteDecision]:
    """Yield the verdict of each route in order, to the last one that applies."""
    for position, route in enumerate(rules.routes, start=1):
        reason = _left_out(alert, route, rules.providers.get(alert.provider_id, ProviderFacts()))
        if reason is None:
            stops = "" if route.continues else "; no further route is tried (continue is not set)"
            yield RouteDecision(route=position, matches=True, reason=f"all of it matches{stops}", to=route.to)
            if not route.continues:
                return
        else:
            yield RouteDecision(route=position, matches=False, reason=reason, to=route.to)


def silenced_by(alert: Alert, rules: Rules, now: datetime) -> Silence | None:
    """Return the silence that holds an alert back now, the one that ends last."""
    found = [silence for silence in rules.silences if now < silence.ends_at and _is_silenced(alert, silence)]
    return max(found, key=lambda silence: silence.ends_at, default=None)


def held_for(alert: Alert, route: Route) -> timedelta:
    """Return the time for which a route holds an alert back before it opens."""
    if route.after_s is not None:
        return timedelta(seconds=route.after_s)
    return timedelta(seconds=UNREADABLE_AFTER_S if alert.kind is AlertKind.PAGE else 0)


def is_at_least(impact: Impact | None, least: Impact) -> bool:
    """Return whether an impact is bad enough; an unknown one may be."""
    known, needed = rank(impact), rank(least)
    return known is None or needed is None or known >= needed


def _is_silenced(alert: Alert, silence: Silence) -> bool:
    return (
        _any(silence.providers, (alert.provider_id,))
        and (not silence.components or _any(silence.components, alert.components))
        and (not silence.kinds or alert.kind in silence.kinds)
    )


def _left_out(alert: Alert, route: Route, facts: ProviderFacts) -> str | None:
    """Return the key of a route that leaves an alert out, with the reason; None for a route that matches."""
    kinds = route.kinds or (MEASURED if route.min_impact is not Impact.NONE else tuple(AlertKind))
    if alert.kind not in kinds:
        written = "kinds" if route.kinds else "min_impact is given and kinds is not, so that kinds"
        return f"{written} is {', '.join(kinds)}, not {alert.kind}"
    return _provider_left_out(alert, route, facts) or _subject_left_out(alert, route)


def _provider_left_out(alert: Alert, route: Route, facts: ProviderFacts) -> str | None:
    if not _any(route.providers, (alert.provider_id,)):
        return f"providers names no {alert.provider_id}"
    if not _any(route.groups, (facts.group,) if facts.group else ()):
        return f"groups does not name {facts.group or 'a provider without a group'}"
    return None


def _subject_left_out(alert: Alert, route: Route) -> str | None:
    if alert.kind in MEASURED and not is_at_least(alert.impact, route.min_impact):
        return f"min_impact is {route.min_impact}, and the impact is {alert.impact}"
    # What names none may concern any of them.
    if alert.components and not _any(route.components, alert.components):
        return f"components matches none of {', '.join(alert.components)}"
    if alert.regions and not _any(route.regions, alert.regions):
        return f"regions matches none of {', '.join(alert.regions)}"
    return None


def _any(patterns: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether patterns let one of the names pass; no pattern lets all pass."""
    return not patterns or any(
        passes(patterns, lambda pattern, name=name: fnmatchcase(name.casefold(), pattern.casefold()))  # type: ignore[misc]
        for name in names
    )
