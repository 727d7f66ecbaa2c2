"""The `[[route]]`s of the catalogue: which alerts go to which channels, and when."""

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec

from tracker.model.channel import AlertmanagerConfig, AnyChannelConfig, IncidentIoConfig, JsmConfig, PagerDutyConfig
from tracker.model.key import CatalogueKey, Holds
from tracker.model.page import SEVERITIES, Impact


class AlertKind(StrEnum):
    """The subject of an alert."""

    INCIDENT = "incident"
    MAINTENANCE = "maintenance"
    #: A component that changed without an incident that names it.
    COMPONENT = "component"
    #: A page that cannot be read.
    PAGE = "page"
    #: The tracker itself.
    TRACKER = "tracker"


#: The kinds of a route with `min_impact` and without `kinds`: those that have an impact.
MEASURED: Final = (AlertKind.INCIDENT, AlertKind.COMPONENT)
#: Services that hold an incident open until it is closed: only alerts with an end go there.
HOLDS_OBJECTS: Final = (PagerDutyConfig, JsmConfig, IncidentIoConfig, AlertmanagerConfig)


class QuietHours(msgspec.Struct, frozen=True, kw_only=True):
    """A part of each day in which nothing is sent; evaluation goes on, and one summary follows."""

    start: time
    #: On the next day, unless it is later than the start.
    end: time
    timezone: str = "UTC"
    #: From this impact on alerts are sent anyway; None: none is.
    passes: Impact | None = None

    def ends_after(self, now: datetime) -> datetime | None:
        """Return when the quiet hours end that `now` lies in, None outside of them."""
        local = now.astimezone(ZoneInfo(self.timezone))
        for days in (0, 1):
            day = local.date() - timedelta(days=days)
            last = day if self.end > self.start else day + timedelta(days=1)
            # Compared as moments: where clocks are put back, one time of day comes twice, and the first one counts.
            begins = datetime.combine(day, self.start, local.tzinfo).astimezone(UTC)
            ends = datetime.combine(last, self.end, local.tzinfo).astimezone(UTC)
            if begins <= now < ends:
                return ends
        return None


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One `[[route]]`: alerts that match it go to its channels. Globs are as in a provider's filters; () means all."""

    to: Annotated[
        tuple[str, ...], CatalogueKey(help="The channels, by their names.", example='["oncall"]', is_required=True)
    ]
    min_impact: Annotated[
        Impact,
        CatalogueKey(
            help="The least impact; an alert of unknown impact passes.",
            example='"major"',
            choices=tuple(impact.value for impact in SEVERITIES),
        ),
    ] = Impact.NONE
    providers: Annotated[
        tuple[str, ...], CatalogueKey(help="Ids of providers.", holds=Holds.GLOB, example='["openai", "aws-*"]')
    ] = ()
    groups: Annotated[
        tuple[str, ...], CatalogueKey(help="Groups of providers.", holds=Holds.GLOB, example='["Payments"]')
    ] = ()
    components: Annotated[
        tuple[str, ...],
        CatalogueKey(help="Components; !GLOB leaves some out.", holds=Holds.GLOB, example='["API*", "!Beta*"]'),
    ] = ()
    regions: Annotated[
        tuple[str, ...], CatalogueKey(help="Regions; !GLOB leaves some out.", holds=Holds.GLOB, example='["eu-*"]')
    ] = ()
    #: () means all, or those that have an impact where `min_impact` is given.
    kinds: Annotated[
        tuple[AlertKind, ...],
        CatalogueKey(
            help="Kinds of alerts; with `min_impact` alone incidents and components.",
            holds=Holds.ALERT_KIND,
            example='["incident"]',
        ),
    ] = ()
    #: None: 5 minutes for a page that cannot be read, nothing for the rest.
    after_s: Annotated[
        int | None,
        CatalogueKey(
            name="after",
            help="The time that an alert waits before it opens; one that ends sooner is never sent. Without it: "
            "5 minutes for a page that cannot be read, else none.",
            holds=Holds.DURATION,
            least=0,
            example='"5m"',
        ),
    ] = None
    quiet_hours: Annotated[
        QuietHours | None,
        CatalogueKey(
            help="A part of each day in which nothing is sent; one summary follows.",
            holds=Holds.QUIET_HOURS,
            example='{ from = "22:00", to = "07:00", timezone = "Europe/Berlin", pass = "critical" }',
        ),
    ] = None
    digest_s: Annotated[
        int | None,
        CatalogueKey(
            name="digest",
            help="One message for each such time window, in place of one for each alert.",
            holds=Holds.DURATION,
            example='"1h"',
        ),
    ] = None
    repeat_s: Annotated[
        int | None,
        CatalogueKey(
            name="repeat",
            help="The interval at which an open alert that nobody has acknowledged is sent again.",
            holds=Holds.DURATION,
            example='"4h"',
        ),
    ] = None
    remind_s: Annotated[
        int,
        CatalogueKey(
            name="remind",
            help="The time between the reminder of a maintenance and its beginning.",
            holds=Holds.DURATION,
            example='"1h"',
        ),
    ] = 1800
    labels: Annotated[
        tuple[tuple[str, str], ...],
        CatalogueKey(help="Labels of its alerts.", holds=Holds.LABELS, example='{ team = "payments" }'),
    ] = ()
    continues: Annotated[
        bool, CatalogueKey(name="continue", help="Whether the routes below it also apply once it matches.")
    ] = False


class Fallback(msgspec.Struct, frozen=True, kw_only=True):
    """`[fallback]`: the channels that report another channel's failures."""

    to: Annotated[
        tuple[str, ...], CatalogueKey(help="The channels, by their names.", example='["mail"]', is_required=True)
    ]


class Alerting(msgspec.Struct, frozen=True, kw_only=True):
    """The alerting part of `providers.toml`. Holds names of secrets, never secrets."""

    channels: tuple[AnyChannelConfig, ...] = ()
    routes: tuple[Route, ...] = ()
    #: Names of the channels that report another channel's failures.
    fallback: tuple[str, ...] = ()


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """A period in which new matching alerts are held back; open ones continue."""

    id: str
    reason: str
    #: Globs on provider ids, and on components; () means all.
    providers: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    kinds: tuple[AlertKind, ...] = ()
    created_at: datetime
    ends_at: datetime
    created_by: str = ""
