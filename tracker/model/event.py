"""One event as a flat record: the product's output and its stable interface.

The field names and their meaning do not change between versions; fields may be added.
"""

from datetime import datetime
from enum import StrEnum

import msgspec

from tracker.model.component_names import Listing, mentions
from tracker.model.keys import present_event_id
from tracker.model.page import Incident, IncidentUpdate
from tracker.model.provider import Provider


class EventKind(StrEnum):
    """The kinds of events."""

    NEW_INCIDENT = "new_incident"
    INCIDENT_UPDATE = "incident_update"
    COMPONENT_STATUS_CHANGE = "component_status_change"
    MAINTENANCE_UPDATE = "maintenance_update"
    #: The text of a reported update has changed.
    UPDATE_EDITED = "update_edited"
    #: A reported update is no longer shown, though its incident is.
    UPDATE_WITHDRAWN = "update_withdrawn"
    #: The page cannot be read, so its state is unknown.
    PAGE_UNREADABLE = "page_unreadable"
    PAGE_READABLE = "page_readable"
    #: The page moved to another host or another format.
    PAGE_MOVED = "page_moved"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One reported change of a page. Absent values are None; times are aware UTC.

    `id` is deterministic: the same update of the same page has the same id on every machine and after every
    restart, so that it can serve as an idempotency key.
    """

    id: str
    event: EventKind
    #: Provider id and name.
    provider: str
    provider_name: str
    #: Provider name, and the components if the update names any: `OpenAI - Chat Completions`.
    product: str
    incident_id: str | None = None
    #: Title of the incident.
    incident: str | None = None
    update_id: str | None = None
    #: Status of the update, or of the component.
    status: str
    message: str | None = None
    impact: str | None = None
    components: tuple[str, ...] = ()
    link: str | None = None
    #: The vendor's date; for an edit, the date of the update. None where the page does not say.
    published_at: datetime | None = None
    seen_at: datetime
    #: The vendor's own word for the status, if it differs (a localised page: `Resolvido`).
    vendor_status: str | None = None
    #: Codes or names of the regions that the incident or the component concerns.
    regions: tuple[str, ...] = ()
    #: Only of a maintenance: its window.
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None
    #: When the last poll began that read the whole page without this update, edit or component status: it appeared
    #: between then and `seen_at`. None at first sight, and for other kinds of events.
    unseen_since: datetime | None = None
    #: Addresses that the page hides behind words of the message; left out if there are none.
    links: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    #: Only for an edited or withdrawn update: the digest of its former text (`tracker.model.text_digest`).
    previous_digest: str | msgspec.UnsetType | None = msgspec.UNSET
    #: Only of a drill, which counts and lists of incidents leave out: the channel that it is for, `*` for all that
    #: routes name.
    drill: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def is_drill(self) -> bool:
        """Return whether the event was invented to try alerts out."""
        return self.drill is not msgspec.UNSET


def identity(event: Event) -> str:
    """Return the id that the event has by the present keys, whichever version made it."""
    return present_event_id(event.id, event.provider, event.incident_id, event.update_id)


def update_event(
    kind: EventKind,
    event_id: str,
    provider: Provider,
    incident: Incident,
    update: IncidentUpdate,
    now: datetime,
    *,
    listing: Listing,
) -> Event:
    """Return the event of one update of an incident; the page's listing has the names of components."""
    named = mentions(update) or mentions(incident)
    return Event(
        id=event_id,
        event=kind,
        provider=provider.id,
        provider_name=provider.name,
        product=provider.product(listing.labels(named)),
        incident_id=incident.id,
        incident=incident.name,
        update_id=update.id,
        status=update.status,
        message=update.body or None,
        impact=incident.impact,
        components=listing.names(named),
        link=incident.link,
        published_at=update.created_at,
        seen_at=now,
        vendor_status=update.vendor_status,
        regions=update.regions or incident.regions,
        scheduled_for=incident.scheduled_for,
        scheduled_until=incident.scheduled_until,
        links=update.links or msgspec.UNSET,
    )


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Event)


def encode_event(event: Event) -> bytes:
    """Return the event as one line of JSON without a newline, every field present, UTF-8."""
    return _ENCODER.encode(event)


def decode_event(data: bytes) -> Event:
    """Read a line of `encode_event`; fields of later versions are ignored. Raises ValueError."""
    return _DECODER.decode(data)


class PendingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way into the stream."""

    event: Event
    #: Member of the provider's seen-set that lets the event pass once; None where the revision alone guards it.
    key: str | None = None
