"""The catalogue: which status pages we watch and whom we tell, read from `providers.toml` or given on the command line.

Formats are told by the caller: nothing here knows how a page is read.
"""

from tracker.catalogue.entry import FILTER_KEYS, new_provider, refiltered
from tracker.catalogue.file import load_alerting, load_catalogue, load_sinks, read_alerting, read_catalogue, read_sinks
from tracker.catalogue.names import name_of, slug
from tracker.catalogue.opml import Subscriptions, load_opml, read_opml
from tracker.catalogue.renaming import kept_ids_line, with_known_ids
from tracker.catalogue.toml import as_toml

__all__ = [
    "FILTER_KEYS",
    "Subscriptions",
    "as_toml",
    "kept_ids_line",
    "load_alerting",
    "load_catalogue",
    "load_opml",
    "load_sinks",
    "name_of",
    "new_provider",
    "read_alerting",
    "read_catalogue",
    "read_opml",
    "read_sinks",
    "refiltered",
    "slug",
    "with_known_ids",
]
