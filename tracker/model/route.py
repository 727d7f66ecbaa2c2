"""The `[[route]]`s of the catalogue: which alerts go to which channels, and when."""

from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from tracker.model.channel import AlertmanagerConfig, AnyChannelConfig, IncidentIoConfig, JsmConfig, PagerDutyConfig
from tracker.model.page import Impact


class AlertKind(StrEnum):
    """What an alert is about."""

    INCIDENT = "incident"
    MAINTENANCE = "maintenance"
    #: A component that changed without an incident that names it.
    COMPONENT = "component"
    #: A page that cannot be read.
    PAGE = "page"
    #: The tracker itself.
    TRACKER = "tracker"


#: What a route with `min_impact` and without `kinds` is about: what has an impact.
MEASURED: Final = (AlertKind.INCIDENT, AlertKind.COMPONENT)
#: Services that hold an incident open until it is closed: nothing but alerts with an end goes there.
HOLDS_OBJECTS: Final = (PagerDutyConfig, JsmConfig, IncidentIoConfig, AlertmanagerConfig)


class QuietHours(msgspec.Struct, frozen=True, kw_only=True):
    """A part of each day in which nothing is sent; evaluation goes on, and one summary follows."""

    start: time
    #: On the next day, where it is not later than the start.
    end: time
    timezone: str = "UTC"
    #: From this impact on alerts are sent all the same; None: none is.
    passes: Impact | None = None

    def ends_after(self, now: datetime) -> datetime | None:
        """Return when the quiet hours end that `now` lies in, None outside of them."""
        local = now.astimezone(ZoneInfo(self.timezone))
        for days in (0, 1):
            day = local.date() - timedelta(days=days)
            begins = datetime.combine(day, self.start, local.tzinfo)
            last = day if self.end > self.start else day + timedelta(days=1)
            ends = datetime.combine(last, self.end, local.tzinfo)
            if begins <= local < ends:
                return ends.astimezone(now.tzinfo)
        return None


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One `[[route]]`: alerts that match it go to its channels. Globs are as in a provider's filters; () means all."""

    #: Names of channels.
    to: tuple[str, ...]
    #: Globs on provider ids.
    providers: tuple[str, ...] = ()
    #: Globs on the providers' groups.
    groups: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    #: The least impact; an unknown impact passes, since it may be any.
    min_impact: Impact = Impact.NONE
    #: () means all, or those that have an impact where `min_impact` is given.
    kinds: tuple[AlertKind, ...] = ()
    #: How long an alert is held before it opens; one that ends sooner is never sent. None: 5 minutes for a page
    #: that cannot be read, nothing for the rest.
    after_s: int | None = None
    quiet_hours: QuietHours | None = None
    #: One message for each such window, instead of one alert after the other.
    digest_s: int | None = None
    #: How often an open alert that nobody has acknowledged is sent again.
    repeat_s: int | None = None
    #: How long before a maintenance begins its reminder is sent.
    remind_s: int = 1800
    labels: tuple[tuple[str, str], ...] = ()
    #: Whether the routes behind it are looked at, too, once it matches.
    continues: bool = False


class Alerting(msgspec.Struct, frozen=True, kw_only=True):
    """What `providers.toml` says of alerts. Holds names of secrets, never secrets."""

    channels: tuple[AnyChannelConfig, ...] = ()
    routes: tuple[Route, ...] = ()
    #: Names of the channels that hear of another channel's failures.
    fallback: tuple[str, ...] = ()


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which matching alerts open nowhere; those that are open then go on to their end."""

    id: str
    reason: str
    #: Globs on provider ids, and on components; () means all.
    providers: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    kinds: tuple[AlertKind, ...] = ()
    created_at: datetime
    ends_at: datetime
    created_by: str = ""
