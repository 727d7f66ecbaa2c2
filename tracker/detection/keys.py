"""The keys under which a page's incidents and updates count as seen. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from tracker.detection.recognition import other_keys
from tracker.model.keys import key_of_incident, key_of_update
from tracker.model.page import Incident, IncidentUpdate, Snapshot


class Posted(NamedTuple):
    """An update with the incident or maintenance that it belongs to."""

    incident: Incident
    update: IncidentUpdate

    @property
    def key(self) -> str:
        """Return the key of the update."""
        return update_key(self.incident, self.update)

    @property
    def incident_key(self) -> str:
        """Return the key of the incident."""
        return incident_key(self.incident)


def update_key(incident: Incident, update: IncidentUpdate) -> str:
    """Return the member of the provider's seen-set that stands for this update."""
    return key_of_update(incident.id, update.id)


def incident_key(incident: Incident) -> str:
    """Return the member of the provider's seen-set that stands for the incident itself, whatever updates it shows.

    The set holds it once the incident has passed the provider's filters: from then on it is followed to its end.
    """
    return key_of_incident(incident.id)


def keys(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the keys of all incidents and updates that a snapshot shows, and those by which they may be known."""
    own = (*map(incident_key, snapshot.entries), *(posted.key for posted in posted_updates(snapshot)))
    return (*own, *other_keys(snapshot))


def posted_updates(snapshot: Snapshot) -> Iterable[Posted]:
    """Return every update once, also one whose incident is in two lists."""
    found: dict[str, Posted] = {}
    for incident in snapshot.entries:
        for update in incident.updates:
            found.setdefault(update_key(incident, update), Posted(incident, update))
    return found.values()
