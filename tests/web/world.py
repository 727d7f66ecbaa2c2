"""A day in the life of three dozen vendors: what is known of their pages, and what is on record of them."""

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from msgspec.structs import replace

from tracker.assessment import assess
from tracker.delivery.latency import Latency, Spread
from tracker.history import History, open_history
from tracker.model.event import Event, EventKind, encode_event
from tracker.model.page import Component, ComponentStatus, Impact, OpenIncident
from tracker.model.page_state import PageView, Source
from tracker.model.provider import Provider
from tracker.polling.poll_cost import Savings
from tracker.store.stored_state import StoredState, restored
from tracker.web.now import PageNow

WATCHED_DAYS = 82
NOW = datetime(2026, 11, 27, 3, 12, 40, tzinfo=UTC)
GROUPS = {
    "Cloud and edge": ("Aurora Cloud", "Borealis CDN", "Cirrus Compute", "Delta Edge", "Ember Hosting"),
    "Code and CI": ("Anvil CI", "Bitforge", "Cargo Registry", "Dovetail Git", "Emberlog", "Halyard CI", "Inkwell Docs"),
    "Data": ("Basalt DB", "Confluence Streams", "Dune Warehouse", "Estuary Sync"),
    "Identity and telemetry": ("Argus Metrics", "Beacon Logs", "Keyring SSO", "Lumen Traces"),
    "Messaging": ("Parrot Voice", "Quill Mail", "Relay Push", "Signal Fire"),
    "Payments": ("Abacus Pay", "Copper Cards", "Ledgerline", "Mint Wallets"),
}
POWER = (
    "Elevated error rates and increased latency for Object Storage, Managed PostgreSQL and the control-plane API in "
    "eu-central-1 and eu-central-2 following a power event in one of three availability zones"
)
SAID = (
    "Two of three power feeds are back. Reads from Object Storage succeed for about 80 % of requests; writes stay "
    "degraded and will be the last to recover. We do not expect data loss."
)
_FIRST = "We expect full recovery within 30 minutes. Customers may fail over to another region."
_SECOND = (
    "We expect reads to recover by 03:15 UTC and writes not before 04:30 UTC. Customers should fail over to another "
    "region if they can."
)


def minutes(number: float) -> datetime:
    """Return the moment so many minutes before now."""
    return NOW - timedelta(minutes=number)


def known(
    name: str, group: str | None, view: PageView | None = None, checked_s: float = 12, **state: object
) -> PageNow:
    """Return what is known of a page that was read."""
    provider_id = name.lower().replace(" ", "-")
    given: dict[str, object] = {"seeded": True, "changed_at": minutes(60 * 5), **state}
    provider = Provider(
        id=provider_id,
        name=name,
        url=f"https://status.{provider_id}.example",
        group=group,
        interval_s=30,
        origin="command",
    )
    remembered = restored(StoredState(source=Source(format="statuspage", primary="https://example.com"), **given))  # type: ignore[arg-type]
    shown = view or PageView(
        indicator=Impact.NONE, components=_parts(("Website", "operational"), ("API", "operational"))
    )
    checked_at = NOW - timedelta(seconds=checked_s)
    found = assess(provider, remembered, shown, checked_at, NOW)
    return PageNow(
        provider=provider,
        state=remembered,
        view=shown,
        checked_at=checked_at,
        assessment=found,
        changed_at=NOW,
    )


def pages() -> tuple[PageNow, ...]:
    """Return what is known of all."""
    quiet = [
        known(name, group, checked_s=3 + 7 * (index % 6), changed_at=minutes(60 * (5 + 61 * index)))
        for group, names in GROUPS.items()
        for index, name in enumerate(names)
    ]
    return (*quiet, _meridian(), _kestrel(), _hanabi(), *_unread(), *_works())


def history(directory: Path) -> History:
    """Return the history of what the vendors said."""
    record = directory / "updates.jsonl"
    numbers = count(1)
    with record.open("wb") as file:
        for event in sorted(events(), key=lambda each: each.seen_at):
            line = encode_event(event)
            file.write(line[:-1] + f',"stream_id":"{next(numbers)}-0"}}'.encode() + b"\n")
    found = open_history(directory)
    found.follow(record)
    for days in range(WATCHED_DAYS, -1, -1):
        polls = {"not_modified": 2880 * (WATCHED_DAYS + 1 - days)}
        counted = Savings(endings=polls, since=NOW - timedelta(days=WATCHED_DAYS))
        found.count_polls({each.provider.id: counted for each in pages()}, NOW - timedelta(days=days))
    return found


def measured() -> Latency:
    """Return how long updates took."""
    return Latency(
        updates=212,
        published_to_seen=Spread(p50_s=16, p95_s=33),
        ours_at_most=Spread(p50_s=12.4, p95_s=30),
        seen_to_logged=Spread(p50_s=0.2, p95_s=0.4),
        late=3,
    )


def events() -> list[Event]:
    """Return what is on record."""
    return [*_power(), *_payments(), *_mail(), *_past(), *_planned(), *_blind()]


def _event(kind: EventKind, provider: str, seen_at: datetime, number: str, **fields: object) -> Event:
    given: dict[str, object] = {"status": "investigating", "product": provider, **fields}
    provider_id = provider.lower().replace(" ", "-")
    return Event(
        id=f"{provider_id}/{fields.get('incident_id', kind)}/{number}",
        event=kind,
        provider=provider_id,
        provider_name=provider,
        seen_at=seen_at,
        **given,  # type: ignore[arg-type]
    )


def _power() -> list[Event]:
    parts = ("Object Storage", "Managed PostgreSQL", "Control-plane API", "Functions")

    def said(before: float, status: str, text: str, impact: str = "critical", title: str = POWER) -> Event:
        first = before > 95
        return _event(
            EventKind.NEW_INCIDENT if first else EventKind.INCIDENT_UPDATE,
            "Meridian Cloud",
            minutes(before) + timedelta(seconds=9 + before % 17),
            f"u{before:g}",
            incident_id="7hq2k",
            incident=title,
            update_id=f"u{before:g}",
            status=status,
            message=text,
            impact=impact,
            components=parts,
            regions=("eu-central-1", "eu-central-2"),
            link="https://status.meridian.example/incidents/7hq2k",
            published_at=minutes(before),
            unseen_since=minutes(before) - timedelta(seconds=5),
        )

    def turned(before: float, name: str, was: str, now: str, region: str) -> Event:
        component = next(key for key, part in _meridian_parts().items() if (part.name, part.region) == (name, region))
        change = _event(
            EventKind.COMPONENT_STATUS_CHANGE,
            "Meridian Cloud",
            minutes(before),
            "",
            product=f"Meridian Cloud - {name}",
            status=now,
            message=f"was {was}",
            components=(name,),
            regions=(region,),
            published_at=minutes(before),
        )
        return replace(change, id=f"meridian-cloud/component/{component}/{before:g}")

    short = "Elevated error rates for Object Storage"
    gone = said(58, "monitoring", "Power has been restored and all services are recovering. We are monitoring.")
    edit = said(23, "identified", _SECOND)
    return [
        turned(99, "Object Storage", "operational", "major outage".replace(" ", "_"), "eu-central-1"),
        said(96, "investigating", "We are investigating elevated error rates for Object Storage.", "major", short),
        said(92, "investigating", "We are seeing errors in more services than first reported.", "major"),
        said(83, "investigating", "Managed PostgreSQL in eu-central-2 is also affected.", "critical"),
        said(67, "identified", "We have confirmed a power event in one availability zone. Technicians are on site."),
        gone,
        _copied(gone, EventKind.UPDATE_WITHDRAWN, minutes(54), message=None, published_at=None),
        said(
            41,
            "identified",
            "Root cause: a failed static transfer switch took one availability zone off both utility and generator "
            "power at 01:31 UTC. Dependent services in eu-central-2 lost quorum because their third replica was placed "
            "in the failed zone.\n\nImpact: about 38 % of Object Storage requests fail with 503; Managed PostgreSQL "
            "primaries in the zone have failed over, with replicas up to 40 s behind.",
        ),
        _copied(edit, EventKind.INCIDENT_UPDATE, edit.seen_at, message=_FIRST),
        _copied(edit, EventKind.UPDATE_EDITED, minutes(17), message=_SECOND),
        turned(15, "Managed PostgreSQL", "major outage", "partial_outage", "eu-central-1"),
        turned(15, "Control-plane API", "partial outage", "degraded_performance", "global"),
        _event(
            EventKind.PAGE_UNREADABLE, "Meridian Cloud", minutes(74), f"{minutes(74).timestamp():.0f}",
            status="unknown",
            message="cannot be read: no answer within 10 s",
        ),
        _event(
            EventKind.PAGE_READABLE, "Meridian Cloud", minutes(71), f"{minutes(74).timestamp():.0f}", status="readable",
            message="could not be read for 3 min 20 s",
        ),
        said(4, "identified", SAID),
    ]  # fmt: skip


def _copied(event: Event, kind: EventKind, seen_at: datetime, **fields: object) -> Event:
    return replace(event, id=f"{event.id}/{kind}", event=kind, seen_at=seen_at, **fields)


def _payments() -> list[Event]:
    return [
        _event(
            EventKind.NEW_INCIDENT, "Kestrel Pay", minutes(26), "u1", incident_id="88", update_id="u1",
            incident="Card authorisations declined with code 91 for some European issuers", impact="major",
            message="We are investigating.", components=("Card payments (EU)",), published_at=minutes(26.4),
            unseen_since=minutes(26.5),
        ),
        _event(
            EventKind.INCIDENT_UPDATE, "Kestrel Pay", minutes(18), "u2", incident_id="88", update_id="u2",
            incident="Card authorisations declined with code 91 for some European issuers", impact="major",
            message="We are investigating with two acquiring banks. 3-D Secure and wallet payments are not affected.",
            components=("Card payments (EU)",), published_at=minutes(18.2), unseen_since=minutes(18.5),
        ),
    ]  # fmt: skip


def _mail() -> list[Event]:
    return [
        _event(
            EventKind.NEW_INCIDENT, "花火メール", minutes(182), "u1", incident_id="m1", update_id="u1", impact="minor",
            incident="一部のお客様において、メール配信の遅延が発生しております、東日本リージョン",
            message="原因を特定し、滞留しているメールの再送を順次進めております。", published_at=minutes(182.3),
            unseen_since=minutes(182.5), vendor_status="調査中",
        ),
        _event(
            EventKind.MAINTENANCE_UPDATE, "Qamar SMS", minutes(72), "u1", incident_id="w1", update_id="u1",
            incident="صيانة مجدولة لبوابة الرسائل القصيرة في منطقة الخليج", status="in_progress",
            message="بدأت أعمال الصيانة.", impact="maintenance", published_at=minutes(72.4), unseen_since=minutes(73),
            scheduled_for=minutes(72), scheduled_until=minutes(-48),
        ),
    ]  # fmt: skip


def _past() -> list[Event]:
    found = []
    for number, (days, impact, title, lasted) in enumerate(
        (
            (9, "minor", "Delayed invoices in the billing console", 38),
            (24, "major", "Packet loss between eu-central-1 and transit providers", 72),
            (52, "critical", "Sign-in fails for all customers", 47),
            (60, "minor", "Slow dashboards", 20),
        )
    ):
        begun = NOW - timedelta(days=days)
        for status, when in (("investigating", begun), ("resolved", begun + timedelta(minutes=lasted))):
            found.append(
                _event(
                    EventKind.NEW_INCIDENT if status == "investigating" else EventKind.INCIDENT_UPDATE,
                    "Meridian Cloud", when, f"{number}-{status}", incident_id=f"old{number}", update_id=status,
                    incident=title, status=status, impact=impact, message=f"We say {status}.", published_at=when,
                )
            )  # fmt: skip
    return found


def _planned() -> list[Event]:
    def work(number: int, status: str, seen: float, begins: float, ends: float | None) -> Event:
        return _event(
            EventKind.MAINTENANCE_UPDATE, "Fjord Data", minutes(seen), f"u{number}", incident_id="w2",
            update_id=f"u{number}", incident="Rolling minor-version upgrade of shared clusters in eu-north-1",
            status=status, impact="maintenance", message="Each connection drops once.", scheduled_for=minutes(begins),
            scheduled_until=minutes(ends) if ends is not None else None,
        )  # fmt: skip

    cancelled = _event(
        EventKind.MAINTENANCE_UPDATE, "Quill Mail", minutes(600), "u9", incident_id="w9", update_id="u9",
        incident="Certificate rotation on all SMTP endpoints", status="cancelled", impact="maintenance",
        message="Not needed.", scheduled_for=minutes(-5 * 1440), scheduled_until=minutes(-5 * 1440 - 60),
    )  # fmt: skip
    return [work(1, "scheduled", 3000, 252, 102), work(2, "in_progress", 12, 12, -138), cancelled]


def _blind() -> list[Event]:
    found = []
    for days, lasted in ((16, 320), (17, 500), (40, 55)):
        begun = NOW - timedelta(days=days)
        found += [
            _event(
                EventKind.PAGE_UNREADABLE, "Meridian Cloud", begun, f"{begun.timestamp():.0f}", status="unknown",
                message="cannot be read: connection refused",
            ),
            _event(
                EventKind.PAGE_READABLE, "Meridian Cloud", begun + timedelta(minutes=lasted),
                f"{begun.timestamp():.0f}",
                status="readable", message=f"could not be read for {lasted} min",
            ),
        ]  # fmt: skip
    return found


def _parts(*named: tuple[str, str]) -> dict[str, Component]:
    return {
        f"{name}-{index}": Component(
            id=f"{name}-{index}",
            name=name.partition("/")[0],
            status=ComponentStatus(status),
            region=name.partition("/")[2] or None,
        )
        for index, (name, status) in enumerate(named)
    }


def _meridian_parts() -> dict[str, Component]:
    names = ("Block Storage", "Functions", "Kubernetes", "Registry", "Queues", "Secrets", "VPN", "DNS")
    return _parts(
        ("Object Storage/eu-central-1", "major_outage"),
        ("Managed PostgreSQL/eu-central-1", "partial_outage"),
        ("Managed PostgreSQL/eu-central-2", "partial_outage"),
        ("Control-plane API/global", "degraded_performance"),
        ("Edge Cache/us-west-2", "unknown"),
        *((f"{name}/us-west-2", "operational") for name in names),
    )


def _meridian() -> PageNow:
    incident = OpenIncident(
        id="7hq2k",
        name=POWER,
        status="identified",
        impact=Impact.CRITICAL,
        updated_at=minutes(4),
        began_at=minutes(101),
        components=("Object Storage", "Managed PostgreSQL", "Control-plane API", "Functions", "Registry"),
    )
    view = PageView(indicator=Impact.MAJOR, components=_meridian_parts(), open_incidents=(incident,))
    return known("Meridian Cloud", "Cloud and edge", view)


def _kestrel() -> PageNow:
    incident = OpenIncident(
        id="88",
        name="Card authorisations declined with code 91 for some European issuers",
        status="investigating",
        impact=Impact.MAJOR,
        updated_at=minutes(18),
        began_at=minutes(26),
        components=("Card payments (EU)",),
    )
    return known("Kestrel Pay", "Payments", PageView(open_incidents=(incident,)))


def _hanabi() -> PageNow:
    incident = OpenIncident(
        id="m1",
        name="一部のお客様において、メール配信の遅延が発生しております、東日本リージョン",
        status="identified",
        updated_at=minutes(51),
        began_at=minutes(182),
        components=("メール配信", "配信ログ"),
    )
    return known("花火メール", "Messaging", PageView(open_incidents=(incident,)), checked_s=28)


def _unread() -> tuple[PageNow, PageNow]:
    dns = known(
        "Lighthouse DNS", "Cloud and edge", failing_since=minutes(14), unreadable_since=minutes(14), failures=29,
        failure_reason="connect", failure="connection refused",
    )  # fmt: skip
    vault = known(
        "Vault42 Identity", "Identity and telemetry", failing_since=minutes(186), unreadable_since=minutes(186),
        failures=41, failure_reason="format", failure="answered 200 with a sign-in page instead of a status",
    )  # fmt: skip
    return dns, vault


def _works() -> tuple[PageNow, ...]:
    qamar = OpenIncident(
        id="w1", name="صيانة مجدولة لبوابة الرسائل القصيرة في منطقة الخليج", status="in_progress",
        scheduled_for=minutes(72), scheduled_until=minutes(-48), components=("SMS gateway", "Delivery reports"),
    )  # fmt: skip
    fjord = OpenIncident(
        id="w2", name="Rolling minor-version upgrade of shared clusters in eu-north-1", status="in_progress",
        scheduled_for=minutes(12), scheduled_until=minutes(-138), components=("Shared clusters",),
    )  # fmt: skip
    heron = OpenIncident(
        id="w3", name="Database failover", status="scheduled", scheduled_for=minutes(-647),
        scheduled_until=minutes(-677), components=("Builds", "Artifacts"),
    )  # fmt: skip
    night = OpenIncident(
        id="w4", name="Network fabric replacement in us-west-2, second of three nights", status="scheduled",
        scheduled_for=minutes(-2567), scheduled_until=minutes(-2807), components=("Load balancers", "VPN"),
    )  # fmt: skip
    return (
        known("Qamar SMS", "Messaging", PageView(open_maintenances=(qamar,))),
        known("Fjord Data", "Data", PageView(open_maintenances=(fjord,))),
        known("Heron Builds", "Code and CI", PageView(planned_maintenances=(heron,))),
        known("Osprey Network", "Cloud and edge", PageView(planned_maintenances=(night,))),
    )
