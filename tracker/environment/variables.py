"""Every variable of the environment that the tracker reads; `docs/reference.md` is generated from it. Data only."""

from typing import Final, NamedTuple


class Variable(NamedTuple):
    """One variable, as people set it."""

    name: str
    #: The meaning, a sentence or a phrase with a full stop.
    help: str
    #: The default; "" for none.
    default: str = ""
    #: Whether NAME_FILE may name a file that holds the value instead.
    has_file: bool = False
    #: The processes that read it; "" for all.
    of: str = ""


#: The variables that `tracker.environment.settings` reads, then those of single processes.
VARIABLES: Final = (
    Variable(
        "REDIS_URL",
        "The data server: `redis://`, `rediss://` (TLS), `unix://` or `sentinel://`; `tracker up` can start one.",
        default="redis://127.0.0.1:6379/0",
        has_file=True,
    ),
    Variable("REDIS_USERNAME", "The data server's user, unless `REDIS_URL` has one.", has_file=True),
    Variable("REDIS_PASSWORD", "Its password, unless `REDIS_URL` has one.", has_file=True),
    Variable("TRACKER_DATA_DIR", "The directory of files that must outlive a restart.", default="data"),
    Variable(
        "TRACKER_NAMESPACE",
        "The prefix of all keys of this tracker, where several share a data server; small letters, digits, hyphens.",
    ),
    Variable("TRACKER_FORMAT", "The format of the printer's output: `text` or `json`.", default="text", of="printer"),
    Variable(
        "TRACKER_CONTACT_URL",
        "The contact address that vendors find in the User-Agent of each request.",
        default="the project's page",
    ),
    Variable("TRACKER_LOG_LEVEL", "DEBUG, INFO, WARNING, ERROR or CRITICAL.", default="WARNING", of="compose"),
    Variable(
        "TRACKER_PROVIDERS", "The list of pages that the containers read.", default="providers.toml", of="compose"
    ),
    Variable(
        "TRACKER_CA_FILE",
        "Certificates (PEM) that verify pages, in place of those that browsers trust.",
        default="`SSL_CERT_FILE`, if that is set",
    ),
    Variable(
        "TRACKER_LEAN",
        "0 makes workers process each fetch message with all of Celery's own code.",
        default="1",
        of="worker",
    ),
    Variable("HTTP_PROXY", "The proxy for `http://` pages, in capitals or small letters.", has_file=True),
    Variable("HTTPS_PROXY", "The proxy for `https://` pages.", has_file=True),
    Variable("ALL_PROXY", "The proxy for both, where there is no other.", has_file=True),
    Variable("NO_PROXY", "Hosts that are requested without a proxy, separated by commas."),
    Variable("NO_COLOR", "With any value, no colours on a terminal.", of="commands"),
    Variable(
        "TRACKER_TICK_FILE",
        "A file that beat and workers touch while they do their work, for health checks of containers.",
        of="beat, worker",
    ),
    Variable("TRACKER_WEB_TOKEN", "The token to read the page and the API.", has_file=True, of="web"),
    Variable("TRACKER_WEB_ACT_TOKEN", "The token to read, and to add, remove and check.", has_file=True, of="web"),
    Variable("TRACKER_WEB_HOSTS", "Further host names of the page, separated by commas.", of="web"),
    Variable(
        "TRACKER_WEB_TRUSTED_PROXIES",
        "Addresses or networks of proxies that are trusted to name the user, separated by commas.",
        of="web",
    ),
    Variable(
        "TRACKER_WEB_USER_HEADER",
        "The header in which such a proxy names the user.",
        default="X-Forwarded-User",
        of="web",
    ),
    Variable("TRACKER_WEB_ACTORS", "The users who may act, separated by commas.", of="web"),
    Variable("TRACKER_WEB_PUBLIC_GROUPS", "Groups whose pages everybody may see, separated by commas.", of="web"),
    Variable(
        "TRACKER_WEB_URL",
        "The web page's own address, for links in feeds; with it, alert messages have a link to acknowledge.",
        default="the address of each request",
        of="web, worker",
    ),
    Variable(
        "TRACKER_LINK_KEY",
        "The key that signs those links.",
        default="`link.key` in the data directory",
        has_file=True,
        of="web, worker",
    ),
    Variable(
        "TRACKER_HEARTBEAT_URL",
        "A watchdog elsewhere that is requested once a minute while all of the tracker works.",
        has_file=True,
        of="deliverer",
    ),
    Variable("TRACKER_WEB_TELL_TOKEN", "1 logs the token to sign in with, for a first try.", of="web"),
    Variable("TRACKER_HOOK_KEY", "The key from which the addresses of hooks are derived.", has_file=True, of="web"),
    Variable(
        "TRACKER_DATABASE_URL",
        "A PostgreSQL server for the history.",
        default="SQLite in the data directory",
        has_file=True,
        of="web",
    ),
    Variable("TRACKER_HISTORY_DAYS", "The days that the history keeps; 0 keeps all.", default="400", of="web"),
    Variable(
        "TRACKER_CORE",
        "The core to which a worker is pinned, among those that it may use: 0, 1, and so on.",
        of="worker",
    ),
)
#: Variables that one process of the tracker sets for another, or tests for a process; not for people.
INTERNAL: Final = ("TRACKER_OUTPUT_FD", "TRACKER_FAILPOINTS", "TRACKER_COMPLETE")
