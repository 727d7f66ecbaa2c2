"""The entries of the catalogue: providers, whose pages are watched, and webhooks, which receive events."""

from collections.abc import Collection
from enum import StrEnum

import msgspec

from tracker.model.page import Impact

#: How many pages of a public host are polled at once. Private hosts have no limit: they are the user's own.
USUAL_PER_HOST = 2


class FirstSight(StrEnum):
    """Which updates are reported at the first sight of a page."""

    OPEN = "open"
    SILENT = "silent"
    ALL = "all"


class Cadence(StrEnum):
    """Whether the pace follows the page (`scheduling.cadence`) or stays at the interval."""

    ADAPTIVE = "adaptive"
    FIXED = "fixed"


class Validators(msgspec.Struct, frozen=True, kw_only=True):
    """The validators that make the next request for a URL conditional (RFC 9110, section 13.1)."""

    etag: str | None = None
    last_modified: str | None = None


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """One status page to watch: an entry of the catalogue."""

    id: str
    name: str
    #: A page, or an endpoint of one.
    url: str
    #: Header fields of its requests, each with the name of the variable that holds the value; never a value.
    headers_env: tuple[tuple[str, str], ...] = ()
    #: Name of a format, or `auto`.
    format: str = "auto"
    interval_s: int = 60
    cadence: Cadence = Cadence.ADAPTIVE
    #: Name of the group that shows it to people, None for no group.
    group: str | None = None
    #: Whether addresses that are not public may be connected to.
    allow_private: bool = False
    #: How many pages of its host may be polled at once; None: the default (`host_limit`).
    max_per_host: int | None = None
    #: Globs on components, a `!` before those that are left out; () means all (`tracker.model.filters`).
    components: tuple[str, ...] = ()
    #: The same on regions.
    regions: tuple[str, ...] = ()
    #: The least impact that is reported. Unknown impacts are reported, and maintenance is exempt.
    min_impact: Impact = Impact.NONE
    #: Kinds of events, a `!` before those that are left out; () means all.
    events: tuple[str, ...] = ()
    #: Whether maintenance is reported.
    maintenance: bool = True
    first_sight: FirstSight = FirstSight.OPEN
    #: Whether the entry names its id; any other id is made from the first name and stays with the page.
    id_given: bool = False
    #: Where the entry came from: `file` entries follow the file, `command` entries stay until removed.
    origin: str = "file"

    @property
    def host_limit(self) -> int | None:
        """Return how many pages of its host may be polled at once, this one included; None for any number."""
        if self.max_per_host is None and not self.allow_private:
            return USUAL_PER_HOST
        return self.max_per_host

    def product(self, components: Collection[str]) -> str:
        """Return what an event is about, by name: `OpenAI - Chat Completions`."""
        return f"{self.name} - {', '.join(components)}" if components else self.name


class WebhookFormat(StrEnum):
    """The format that a webhook's receiver understands."""

    #: The event itself, for programs.
    JSON = "json"
    SLACK = "slack"
    DISCORD = "discord"
    TEAMS = "teams"


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """One receiver of events: a `[[sink]]` of the catalogue. It holds names of secrets, never secrets."""

    #: The sink's id.
    name: str
    #: The URL for events; None if a variable holds it.
    url: str | None = None
    #: Name of the variable that holds the URL, None if `url` is given.
    url_env: str | None = None
    #: Name of the variable that holds the signing keys; None: events are not signed.
    secret_env: str | None = None
    #: Header fields that are sent, each with the name of the variable that holds its value.
    headers_env: tuple[tuple[str, str], ...] = ()
    #: The format of the request's body.
    format: WebhookFormat = WebhookFormat.JSON
    #: Globs on provider ids; () means all.
    providers: tuple[str, ...] = ()
    #: Kinds of events; () means all.
    events: tuple[str, ...] = ()
    #: Whether addresses that are not public may be connected to.
    allow_private: bool = False
