"""The keys of providers.toml: notes on the fields of the structs behind its tables, data alone."""

from dataclasses import dataclass
from enum import StrEnum, auto


class Holds(StrEnum):
    """The meaning of a value beyond the type of its field; for a list, the meaning of each item."""

    TEXT = auto()
    #: An id: part of data keys, of file lines and of commands.
    IDENTIFIER = auto()
    #: An http or https address.
    ADDRESS = auto()
    #: The same, which may be a secret: messages do not repeat it.
    SECRET_ADDRESS = auto()
    #: The name of an environment variable, never the value.
    VARIABLE = auto()
    #: Header fields, each with the name of the variable that holds its value.
    HEADERS = auto()
    #: The place of a part in a body, in the language of that body.
    EXPRESSION = auto()
    #: A table of a vendor's words, each with one of the key's choices.
    WORDS = auto()
    #: The name of a time zone.
    ZONE = auto()
    #: A glob, or an exclusion (`!Beta*`).
    GLOB = auto()
    #: A kind of events.
    EVENT = auto()
    #: A kind of events, or an exclusion of one.
    EVENT_OR_EXCLUSION = auto()
    #: A kind of alerts.
    ALERT_KIND = auto()
    #: One mail address.
    MAILBOX = auto()
    #: A host's name or address, without a port.
    HOST = auto()
    #: A conversation of Slack: its id, or `#name`.
    CONVERSATION = auto()
    #: A service's id of something, as the service writes it.
    FOREIGN_ID = auto()
    #: A duration such as `5m`; the field holds seconds.
    DURATION = auto()
    #: A table that says when quiet hours begin and end.
    QUIET_HOURS = auto()
    #: A table of labels.
    LABELS = auto()
    #: A table of labels, as Prometheus takes them.
    PROMETHEUS_LABELS = auto()

    @property
    def is_table(self) -> bool:
        """Return whether the value is one table, though its field holds a tuple of pairs."""
        return self in (Holds.HEADERS, Holds.WORDS, Holds.LABELS, Holds.PROMETHEUS_LABELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueKey:
    """Marks a field that people may write: `tracker.catalogue.schema` derives all else from the field and this note."""

    #: The meaning, for `--help` and for documents; a phrase with a full stop.
    help: str
    #: The key's name; "": that of the field.
    name: str = ""
    #: A value in TOML, which messages propose.
    example: str = ""
    holds: Holds = Holds.TEXT
    #: The unit of a number, and its bounds.
    unit: str = ""
    least: int = 1
    most: int = 0
    #: The words of an enumeration that may be written; (): all. For a table of words: their possible meanings.
    choices: tuple[str, ...] = ()
    is_required: bool = False
    #: Whether `[defaults]` may set it for all providers.
    is_shared: bool = False
    #: Whether it is a filter of a page's events (`tracker.model.filters`).
    is_filter: bool = False
    #: Header fields that cannot be given.
    reserved: tuple[str, ...] = ()
    #: The name of its value in commands.
    metavar: str | None = None
