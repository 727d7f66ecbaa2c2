"""The definition of a format of your own: a `[[format]]` of the catalogue, as data that travels with its provider."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from tracker.model.key import Holds, Key
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


class FormatDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Expressions, in the language of the body's kind, for the incidents and each part of one.

    Those of an incident's parts begin at the incident, those of an update's parts at the update.
    """

    name: Annotated[
        str, Key(help="By what a provider calls it.", holds=Holds.IDENTIFIER, example='"acme"', is_required=True)
    ]
    kind: Annotated[BodyKind, Key(help="json, html or xml.", example='"json"', is_required=True)]
    incidents: Annotated[
        str, Key(help="Each incident.", holds=Holds.EXPRESSION, example='"incidents[]"', is_required=True)
    ]
    title: Annotated[str, Key(help="The incident's title.", holds=Holds.EXPRESSION, example='"name"', is_required=True)]
    always: Annotated[
        str | None,
        Key(help="What is always there, or the page is unreadable.", holds=Holds.EXPRESSION, example='"main"'),
    ] = None
    inside: Annotated[
        str | None,
        Key(
            help="Of json in a web page: the CSS selector of the element that holds it.",
            holds=Holds.EXPRESSION,
            example='"script#__NEXT_DATA__"',
        ),
    ] = None
    only_open: Annotated[
        bool, Key(help="Whether the page lists only what is open, so that what is no longer listed has ended.")
    ] = False
    id: Annotated[
        str | None, Key(help="Its id; else its link, else its title.", holds=Holds.EXPRESSION, example='"id"')
    ] = None
    state: Annotated[str | None, Key(help="The incident's state.", holds=Holds.EXPRESSION, example='"status"')] = None
    states: Annotated[
        tuple[tuple[str, str], ...],
        Key(
            help="The page's words for a state, each with the status that it means.",
            holds=Holds.WORDS,
            example='{ Fixed = "resolved" }',
            choices=STATUSES,
        ),
    ] = ()
    impact: Annotated[str | None, Key(help="How bad it is.", holds=Holds.EXPRESSION, example='"severity"')] = None
    impacts: Annotated[
        tuple[tuple[str, str], ...],
        Key(
            help="The page's words for that, each with the impact that it means.",
            holds=Holds.WORDS,
            example='{ SEV1 = "critical" }',
            choices=_IMPACTS,
        ),
    ] = ()
    text: Annotated[str | None, Key(help="Its newest text.", holds=Holds.EXPRESSION, example='"body"')] = None
    time: Annotated[str | None, Key(help="When that was posted.", holds=Holds.EXPRESSION, example='"updated_at"')] = (
        None
    )
    zone: Annotated[
        str | None, Key(help="The zone of times that name none.", holds=Holds.ZONE, example='"Europe/Berlin"')
    ] = None
    begins: Annotated[
        str | None, Key(help="When a maintenance begins.", holds=Holds.EXPRESSION, example='"starts_at"')
    ] = None
    ends: Annotated[str | None, Key(help="When it ends.", holds=Holds.EXPRESSION, example='"ends_at"')] = None
    components: Annotated[
        str | None, Key(help="Names of its components.", holds=Holds.EXPRESSION, example='"components[].name"')
    ] = None
    link: Annotated[str | None, Key(help="The incident's own address.", holds=Holds.EXPRESSION, example='"url"')] = None
    updates: Annotated[
        str | None, Key(help="Each update of the incident.", holds=Holds.EXPRESSION, example='"updates[]"')
    ] = None
    update_id: Annotated[
        str | None, Key(help="The update's id; else its time.", holds=Holds.EXPRESSION, example='"id"')
    ] = None
    update_state: Annotated[
        str | None, Key(help="The state that it brought.", holds=Holds.EXPRESSION, example='"status"')
    ] = None
    update_text: Annotated[str | None, Key(help="Its text.", holds=Holds.EXPRESSION, example='"body"')] = None
    update_time: Annotated[
        str | None, Key(help="When it was posted.", holds=Holds.EXPRESSION, example='"created_at"')
    ] = None
    component_list: Annotated[
        str | None, Key(help="Each component of the page.", holds=Holds.EXPRESSION, example='"components[]"')
    ] = None
    component_name: Annotated[
        str | None, Key(help="The component's name.", holds=Holds.EXPRESSION, example='"name"')
    ] = None
    component_state: Annotated[
        str | None, Key(help="The component's state.", holds=Holds.EXPRESSION, example='"status"')
    ] = None
    component_states: Annotated[
        tuple[tuple[str, str], ...],
        Key(
            help="The page's words for that, each with the status that it means.",
            holds=Holds.WORDS,
            example='{ Down = "major_outage" }',
            choices=_COMPONENT_STATUSES,
        ),
    ] = ()
