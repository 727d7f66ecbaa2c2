"""Codes in the answers of a page -> the words that another answer of the page has for them. Pure."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from tracker.model.keys import key_of_update
from tracker.model.page import Codes, Component, Impact, Incident, Meaning, Snapshot


def decoded(answers: Iterable[Snapshot]) -> tuple[Snapshot, ...]:
    """Return the answers of one page with words in the place of codes; a code that none explains says nothing."""
    answers = tuple(answers)
    meanings = {code: meaning for answer in answers for code, meaning in answer.meanings.items()}
    affected = {
        component_id: meanings[code].component_status
        for answer in answers
        for component_id, code in (answer.codes.components if answer.codes else {}).items()
        if code in meanings
    }
    if not meanings:
        return answers

    def with_status(component: Component) -> Component:
        status = affected.get(component.id)
        return replace(component, status=status) if status else component

    return tuple(
        replace(
            answer,
            incidents=tuple(_decoded(incident, answer.codes or Codes(), meanings) for incident in answer.incidents),
            maintenances=tuple(
                _decoded(incident, answer.codes or Codes(), meanings) for incident in answer.maintenances
            ),
            components=tuple(map(with_status, answer.components)),
            codes=None,
        )
        for answer in answers
    )


def _decoded(incident: Incident, codes: Codes, meanings: Mapping[str, Meaning]) -> Incident:
    def meaning_of(key: str) -> Meaning | None:
        return meanings.get(codes.statuses.get(key, ""))

    updates = tuple(
        replace(update, status=meaning.status, vendor_status=meaning.vendor_status)
        if (meaning := meaning_of(key_of_update(incident.id, update.id)))
        else update
        for update in incident.updates
    )
    own, severity = meaning_of(incident.id), meanings.get(codes.severities.get(incident.id, ""))
    is_work = incident.impact is Impact.MAINTENANCE
    return replace(
        incident,
        status=own.status if own else incident.status,
        impact=severity.impact if severity and not is_work else incident.impact,
        updates=updates,
    )
