"""The catalogue: the pages that we watch and the sinks that receive events, from `providers.toml` or the command line.

The caller names the formats that exist: nothing here knows how a page is read.
"""

from tracker.catalogue.entry import PROVIDERS, new_provider, refiltered
from tracker.catalogue.file import Contents, load_catalogue, load_contents, read_alerting, read_catalogue, read_sinks
from tracker.catalogue.names import name_of, slug
from tracker.catalogue.opml import Subscriptions, read_opml, subscriptions
from tracker.catalogue.renaming import kept_ids_line, with_known_ids
from tracker.catalogue.sink import SINKS
from tracker.catalogue.toml import as_toml

__all__ = [
    "PROVIDERS",
    "SINKS",
    "Contents",
    "Subscriptions",
    "as_toml",
    "kept_ids_line",
    "load_catalogue",
    "load_contents",
    "name_of",
    "new_provider",
    "read_alerting",
    "read_catalogue",
    "read_opml",
    "read_sinks",
    "refiltered",
    "slug",
    "subscriptions",
    "with_known_ids",
]
