"""Reads an answer by the format of its source, within bounds. Pure."""

from typing import Final

from tracker.errors import ParseError
from tracker.model.page import Incident, Snapshot
from tracker.model.page_state import Source
from tracker.parse import FORMATS, Format
from tracker.parse.custom import custom_format
from tracker.polling.fetcher import Fetched

#: An answer with more incidents is an attack or a mistake; the longest recorded ones list some hundreds.
MOST_INCIDENTS: Final = 5000
#: The same for updates, each of which may become an event; the most recorded are 287.
MOST_UPDATES: Final = 20_000
#: Characters that reporting all of an answer takes, since every update names the incident's components again: some
#: megabytes of names and updates would become gigabytes of events. The largest recorded answer takes 85,000.
MOST_REPORTED: Final = 8 * 1024 * 1024


def read_answer(answer: Fetched, source: Source) -> Snapshot:
    """Return the snapshot that an answer of a source holds. Raises ParseError."""
    snapshot = speaks(source).read(answer.body, answer.url, answer.content_type)
    incidents = snapshot.entries
    if len(incidents) > MOST_INCIDENTS:
        raise ParseError(f"it lists {len(incidents)} incidents; no status page shows more than {MOST_INCIDENTS}")
    updates = sum(len(incident.updates) for incident in incidents)
    if updates > MOST_UPDATES:
        raise ParseError(f"it lists {updates} updates; no status page shows more than {MOST_UPDATES}")
    if sum(map(_reported, incidents)) > MOST_REPORTED:
        raise ParseError(f"its updates name so many components that reporting all takes over {MOST_REPORTED >> 20} MB")
    return snapshot


def speaks(source: Source) -> Format:
    """Return the format of a source."""
    return FORMATS[source.format] if source.definition is None else custom_format(source.definition)


def shows_incidents(answer: Fetched, source: Source) -> bool:
    """Return whether an answer that can be read is of a status page."""
    return speaks(source).is_about_incidents(answer.body, answer.url, answer.content_type)


def _reported(incident: Incident) -> int:
    """Return the rough number of characters that the events of all its updates would hold."""
    names = sum(map(len, incident.components))
    return sum(
        len(incident.name) + len(update.body) + (sum(map(len, update.components)) or names)
        for update in incident.updates
    )
