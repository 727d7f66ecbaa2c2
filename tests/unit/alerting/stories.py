"""Events and rules of alerts, made by Hypothesis or said in a word."""

from datetime import time, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.fakes import NOON
from tracker.alerting.rules import ProviderFacts, Rules
from tracker.model.event import Event, EventKind
from tracker.model.page import Impact
from tracker.model.route import AlertKind, QuietHours, Route, Silence

CHANNELS = ("oncall", "chat", "mail")


def an_event(
    status: str = "investigating",
    *,
    kind: EventKind = EventKind.INCIDENT_UPDATE,
    incident: str = "i1",
    provider: str = "acme",
    impact: str | None = "major",
    update: str | None = None,
    **more: Any,
) -> Event:
    """Return one event of an incident."""
    update = update or status
    values: dict[str, Any] = {
        "id": f"{provider}/{incident}/{update}",
        "provider_name": provider.title(),
        "product": provider.title(),
        "incident_id": incident,
        "incident": f"Trouble {incident}",
        "update_id": update,
        "message": f"It is {status}.",
        "seen_at": NOON,
    }
    return Event(event=kind, provider=provider, status=status, impact=impact, **{**values, **more})


def rules(*routes: Route, **more: Any) -> Rules:
    """Return rules with these routes, and all channels."""
    return Rules(routes=routes, channels=frozenset(CHANNELS), **more)


_statuses = st.sampled_from(
    ["investigating", "identified", "monitoring", "resolved", "postmortem", "update", "scheduled", "cancelled"]
)
_impacts = st.none() | st.sampled_from(["none", "minor", "major", "critical"])


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Any event of a few subjects at two providers."""
    kind = draw(st.sampled_from(EventKind))
    provider = draw(st.sampled_from(["acme", "beta"]))
    incident = draw(st.sampled_from(["i1", "i2"]))
    number = draw(st.integers(0, 10_000))
    status = draw(_statuses)
    common = {"provider": provider, "seen_at": NOON, "update": f"u{number}"}
    if kind in (EventKind.PAGE_UNREADABLE, EventKind.PAGE_READABLE, EventKind.PAGE_MOVED):
        return an_event("unknown", kind=kind, impact=None, id=f"{provider}/{kind}/{number}", **common)
    if kind is EventKind.COMPONENT_STATUS_CHANGE:
        name = draw(st.sampled_from(["API", "Web"]))
        status = draw(st.sampled_from(["operational", "major_outage", "degraded_performance", "under_maintenance"]))
        event_id = f"{provider}/component/{name}/{number}"
        return an_event(status, kind=kind, impact=None, id=event_id, components=(name,), **common)
    components = draw(st.sampled_from([(), ("API",), ("Web",)]))
    begins = NOON + timedelta(hours=draw(st.integers(-2, 5)))
    return an_event(
        status,
        kind=kind,
        incident=incident,
        impact=draw(_impacts),
        components=components,
        scheduled_for=begins if kind is EventKind.MAINTENANCE_UPDATE else None,
        **common,
    )


_routes = st.builds(
    Route,
    to=st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=3, unique=True).map(tuple),
    providers=st.sampled_from([(), ("acme",), ("b*",)]),
    components=st.sampled_from([(), ("API",), ("!API",)]),
    min_impact=st.sampled_from([Impact.NONE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL]),
    kinds=st.sampled_from([(), (AlertKind.INCIDENT,), (AlertKind.MAINTENANCE, AlertKind.PAGE)]),
    after_s=st.sampled_from([None, 0, 60, 600]),
    quiet_hours=st.sampled_from(
        [
            None,
            QuietHours(start=time(11), end=time(13)),
            QuietHours(start=time(22), end=time(12, 30), passes=Impact.CRITICAL),
        ]
    ),
    digest_s=st.sampled_from([None, None, 900]),
    repeat_s=st.sampled_from([None, 1200]),
    continues=st.booleans(),
)
_silences = st.builds(
    Silence,
    id=st.just("s"),
    reason=st.just("planned"),
    providers=st.sampled_from([(), ("acme",)]),
    created_at=st.just(NOON),
    ends_at=st.integers(0, 90).map(lambda minutes: NOON + timedelta(minutes=minutes)),
)
any_rules = st.builds(
    Rules,
    routes=st.lists(_routes, max_size=3).map(tuple),
    channels=st.just(frozenset(CHANNELS)),
    objects=st.sampled_from([frozenset(), frozenset({"oncall"})]),
    silences=st.lists(_silences, max_size=1).map(tuple),
    providers=st.just({"acme": ProviderFacts(host="status.example"), "beta": ProviderFacts(host="status.example")}),
)
