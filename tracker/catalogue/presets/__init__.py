"""Vendors that are known by name, as in `tracker providers add openai`.

A preset says where a page is. The page's answers decide how it is read, as for any other page.
"""

from tracker.catalogue.presets.choice import Choice, chosen
from tracker.catalogue.presets.lookup import at, completions, find, nearest, search
from tracker.catalogue.presets.table import Preset, presets

__all__ = ["Choice", "Preset", "at", "chosen", "completions", "find", "nearest", "presets", "search"]
