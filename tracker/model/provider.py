"""The entries of the catalogue: providers, whose pages are watched, and webhooks, which receive events."""

from collections.abc import Collection
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from tracker.model.format_definition import FormatDefinition
from tracker.model.key import CatalogueKey, Holds
from tracker.model.page import SEVERITIES, Impact

#: How many pages of a public host are polled at once. Private hosts have no limit: they are the user's own.
USUAL_PER_HOST = 2
#: Headers that are sent with every event and cannot be given otherwise.
_SET_BY_SENDER: Final = (
    *("content-type", "user-agent", "idempotency-key"),
    *("webhook-id", "webhook-timestamp", "webhook-signature"),
)


class FirstSight(StrEnum):
    """The events of a page that was never seen before."""

    OPEN = "open"
    SILENT = "silent"
    ALL = "all"


class Cadence(StrEnum):
    """The choice between a pace that follows the page (`scheduling.cadence`) and the plain interval."""

    ADAPTIVE = "adaptive"
    FIXED = "fixed"


class Validators(msgspec.Struct, frozen=True, kw_only=True):
    """The validators that make the next request for a URL conditional (RFC 9110, section 13.1)."""

    etag: str | None = None
    last_modified: str | None = None


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """One status page that the tracker watches: an entry of the catalogue.

    People may write the fields with a `CatalogueKey`. The values of a key, its default and each message about it follow
    from the field (`tracker.catalogue.schema`). Stored as JSON: fields stay in this order.
    """

    id: Annotated[str, CatalogueKey(help="The name that commands take.", holds=Holds.IDENTIFIER, example='"openai"')]
    name: Annotated[str, CatalogueKey(help="The name in log lines and messages.", example='"OpenAI"', is_required=True)]
    #: A page, or an endpoint of one.
    url: Annotated[
        str,
        CatalogueKey(
            help="The page, as in a browser.",
            holds=Holds.ADDRESS,
            example='"https://status.openai.com"',
            is_required=True,
        ),
    ]
    #: Header fields of its requests, each with the name of the variable that holds its value; never a value.
    headers_env: Annotated[
        tuple[tuple[str, str], ...],
        CatalogueKey(
            help="Headers of its requests, each with the variable that holds its value.",
            holds=Holds.HEADERS,
            example='{ Authorization = "ACME_AUTH" }',
        ),
    ] = ()
    #: Name of a format, or `auto`.
    format: Annotated[
        str,
        CatalogueKey(help="The format of the page; auto finds it.", example='"feed"', is_shared=True, metavar="NAME"),
    ] = "auto"
    interval_s: Annotated[
        int,
        CatalogueKey(
            name="interval", help="Seconds, 1 to 86400.", unit="seconds", most=86_400, example="60", is_shared=True
        ),
    ] = 60
    cadence: Annotated[
        Cadence,
        CatalogueKey(
            help="adaptive: faster in an incident, slower after two quiet weeks; fixed: always the interval.",
            example='"fixed"',
            is_shared=True,
            metavar="WORD",
        ),
    ] = Cadence.ADAPTIVE
    #: Name of the group that people see it in; None: none.
    group: Annotated[
        str | None, CatalogueKey(help="The group under which the page is shown.", example='"Payments"', is_shared=True)
    ] = None
    allow_private: Annotated[bool, CatalogueKey(help="Allow an address that is not public.", is_shared=True)] = False
    #: How many pages of its host may be polled at once, this one included; None: the usual number (`host_limit`).
    max_per_host: Annotated[
        int | None,
        CatalogueKey(
            help="The most pages of its host that are polled at the same time.",
            unit="pages",
            most=1000,
            example="2",
            is_shared=True,
        ),
    ] = None
    #: Globs on components, a `!` before those that are left out; () means all (`tracker.model.filters`).
    components: Annotated[
        tuple[str, ...],
        CatalogueKey(
            help="Components; !GLOB leaves some out.",
            holds=Holds.GLOB,
            example='["API*"]',
            is_shared=True,
            is_filter=True,
            metavar="GLOB",
        ),
    ] = ()
    #: The same on regions.
    regions: Annotated[
        tuple[str, ...],
        CatalogueKey(
            help="Regions; !GLOB leaves some out.",
            holds=Holds.GLOB,
            example='["eu-*"]',
            is_shared=True,
            is_filter=True,
            metavar="GLOB",
        ),
    ] = ()
    #: The least impact that is reported. Unknown impacts are reported, too, and maintenance is not measured by it.
    min_impact: Annotated[
        Impact,
        CatalogueKey(
            help="none, minor, major or critical.",
            example='"major"',
            choices=SEVERITIES,
            is_shared=True,
            is_filter=True,
            metavar="IMPACT",
        ),
    ] = Impact.NONE
    #: Kinds of events, a `!` before those that are left out; () means all.
    events: Annotated[
        tuple[str, ...],
        CatalogueKey(
            help="Kinds of events; !KIND leaves one out.",
            holds=Holds.EVENT_OR_EXCLUSION,
            example='["new_incident"]',
            is_shared=True,
            is_filter=True,
            metavar="KIND",
        ),
    ] = ()
    maintenance: Annotated[
        bool, CatalogueKey(help="Whether maintenance is reported.", is_shared=True, is_filter=True)
    ] = True
    first_sight: Annotated[
        FirstSight,
        CatalogueKey(
            help="The events of a new page: its open incidents, none (silent) or all.",
            example='"silent"',
            is_shared=True,
            metavar="WORD",
        ),
    ] = FirstSight.OPEN
    #: Whether the entry says its id; any other is made from the name, and stays with the page (`catalogue.renaming`).
    id_given: bool = False
    #: The definition of `format` if that is a `[[format]]` of the catalogue, None for a format that ships.
    definition: FormatDefinition | None = None
    #: Where the entry came from: `file` entries follow the file, `command` entries stay until removed.
    origin: str = "file"

    @property
    def host_limit(self) -> int | None:
        """Return the most pages of its host that may be polled at once, this one included; None for any number."""
        if self.max_per_host is None and not self.allow_private:
            return USUAL_PER_HOST
        return self.max_per_host

    def product(self, components: Collection[str]) -> str:
        """Return the subject of an event, by name: `OpenAI - Chat Completions`."""
        return f"{self.name} - {', '.join(components)}" if components else self.name


class WebhookFormat(StrEnum):
    """The format that a webhook's receiver understands."""

    #: The event itself, for programs.
    JSON = "json"
    SLACK = "slack"
    DISCORD = "discord"
    TEAMS = "teams"


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """One receiver of events: a `[[sink]]` of the catalogue. Holds names of secrets, never secrets.

    As with a provider, people may write the fields with a `CatalogueKey`.
    """

    #: The sink's id.
    name: Annotated[
        str,
        CatalogueKey(help="The name that commands take.", holds=Holds.IDENTIFIER, example='"ops"', is_required=True),
    ]
    #: The URL to which events are posted; None if it is in the environment.
    url: Annotated[
        str | None,
        CatalogueKey(
            help="The address to which events are posted.",
            holds=Holds.SECRET_ADDRESS,
            example='"https://hooks.example.com/updates"',
        ),
    ] = None
    #: Name of the variable that holds the URL, None if `url` does.
    url_env: Annotated[
        str | None, CatalogueKey(help="The variable that holds the address.", holds=Holds.VARIABLE, example='"OPS_URL"')
    ] = None
    #: Name of the variable that holds the signing keys; None: events are not signed.
    secret_env: Annotated[
        str | None,
        CatalogueKey(help="The variable that holds the signing keys.", holds=Holds.VARIABLE, example='"OPS_SECRET"'),
    ] = None
    #: Header fields that are sent, each with the name of the variable that holds its value.
    headers_env: Annotated[
        tuple[tuple[str, str], ...],
        CatalogueKey(
            help="Headers of its requests, each with the variable that holds its value.",
            holds=Holds.HEADERS,
            example='{ Authorization = "OPS_AUTH" }',
            reserved=_SET_BY_SENDER,
        ),
    ] = ()
    format: Annotated[WebhookFormat, CatalogueKey(help="The format of its requests.", example='"slack"')] = (
        WebhookFormat.JSON
    )
    #: Globs on provider ids; () means all.
    providers: Annotated[
        tuple[str, ...],
        CatalogueKey(help="Only events of these providers.", example='["openai", "aws-*"]', metavar="GLOB"),
    ] = ()
    #: Kinds of events; () means all.
    events: Annotated[
        tuple[str, ...],
        CatalogueKey(help="Only events of these kinds.", holds=Holds.EVENT, example='["new_incident"]', metavar="KIND"),
    ] = ()
    allow_private: Annotated[bool, CatalogueKey(help="Allow an address that is not public.")] = False
