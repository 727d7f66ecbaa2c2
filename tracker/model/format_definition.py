"""The definition of a format of your own: a `[[format]]` of the catalogue, as data that travels with its provider."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from tracker.model.key import CatalogueKey, Holds
from tracker.model.page import CLOSED_STATUSES, ComponentStatus, Impact

#: The statuses that a vendor's words may stand for.
STATUSES: Final = (
    *("investigating", "identified", "monitoring", "update", "scheduled", "in_progress", "verifying"),
    *sorted(CLOSED_STATUSES),
)
_COMPONENT_STATUSES: Final = tuple(status.value for status in ComponentStatus)
_IMPACTS: Final = tuple(impact.value for impact in Impact)


class BodyKind(StrEnum):
    """The kind of a body, which decides the language of the expressions."""

    #: JMESPath.
    JSON = "json"
    #: CSS selectors; `::attr(NAME)` behind one takes an attribute.
    HTML = "html"
    #: XPath 1.0, names without their namespaces.
    XML = "xml"


def _expression(help: str, example: str, *, is_required: bool = False) -> CatalogueKey:
    return CatalogueKey(help=help, holds=Holds.EXPRESSION, example=example, is_required=is_required)


class FormatDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Expressions, in the language of the body's kind, for the incidents and each part of one.

    Those of an incident's parts begin at the incident, those of an update's parts at the update.
    """

    name: Annotated[
        str,
        CatalogueKey(help="The name that providers give.", holds=Holds.IDENTIFIER, example='"acme"', is_required=True),
    ]
    kind: Annotated[BodyKind, CatalogueKey(help="json, html or xml.", example='"json"', is_required=True)]
    incidents: Annotated[str, _expression("Each incident.", '"incidents[]"', is_required=True)]
    title: Annotated[str, _expression("The incident's title.", '"name"', is_required=True)]
    always: Annotated[str | None, _expression("A part that each readable page has.", '"main"')] = None
    inside: Annotated[
        str | None,
        _expression("Of json in a web page: the CSS selector of the element that holds it.", '"script#__NEXT_DATA__"'),
    ] = None
    only_open: Annotated[
        bool, CatalogueKey(help="Whether the page lists only open incidents, so that an unlisted one has ended.")
    ] = False
    id: Annotated[str | None, _expression("The incident's id; else its link, else its title.", '"id"')] = None
    state: Annotated[str | None, _expression("The incident's state.", '"status"')] = None
    states: Annotated[
        tuple[tuple[str, str], ...],
        CatalogueKey(
            help="The page's words for a state, each with the status that it means.",
            holds=Holds.WORDS,
            example='{ Fixed = "resolved" }',
            choices=STATUSES,
        ),
    ] = ()
    impact: Annotated[str | None, _expression("The incident's impact.", '"severity"')] = None
    impacts: Annotated[
        tuple[tuple[str, str], ...],
        CatalogueKey(
            help="The page's words for impacts, each with the impact that it means.",
            holds=Holds.WORDS,
            example='{ SEV1 = "critical" }',
            choices=_IMPACTS,
        ),
    ] = ()
    text: Annotated[str | None, _expression("The incident's newest text.", '"body"')] = None
    time: Annotated[str | None, _expression("The time of that text.", '"updated_at"')] = None
    zone: Annotated[
        str | None, CatalogueKey(help="The zone of times that name none.", holds=Holds.ZONE, example='"Europe/Berlin"')
    ] = None
    begins: Annotated[str | None, _expression("The beginning of a maintenance.", '"starts_at"')] = None
    ends: Annotated[str | None, _expression("The end of a maintenance.", '"ends_at"')] = None
    components: Annotated[str | None, _expression("Names of the incident's components.", '"components[].name"')] = None
    link: Annotated[str | None, _expression("The incident's own address.", '"url"')] = None
    updates: Annotated[str | None, _expression("Each update of the incident.", '"updates[]"')] = None
    update_id: Annotated[str | None, _expression("The update's id; else its time.", '"id"')] = None
    update_state: Annotated[str | None, _expression("The state that the update brought.", '"status"')] = None
    update_text: Annotated[str | None, _expression("The update's text.", '"body"')] = None
    update_time: Annotated[str | None, _expression("The time of the update.", '"created_at"')] = None
    component_list: Annotated[str | None, _expression("Each component of the page.", '"components[]"')] = None
    component_name: Annotated[str | None, _expression("The component's name.", '"name"')] = None
    component_state: Annotated[str | None, _expression("The component's state.", '"status"')] = None
    component_states: Annotated[
        tuple[tuple[str, str], ...],
        CatalogueKey(
            help="The page's words for states of components, each with the status that it means.",
            holds=Holds.WORDS,
            example='{ Down = "major_outage" }',
            choices=_COMPONENT_STATUSES,
        ),
    ] = ()
