"""Vendors that are known by name: what `tracker providers add openai` stands for.

A preset says where a page is. How the page is read is known from its answers, as for any other.
"""

from tracker.catalogue.presets.choice import Choice, chosen
from tracker.catalogue.presets.lookup import at, completions, find, nearest, search
from tracker.catalogue.presets.table import Preset, presets

__all__ = ["Choice", "Preset", "at", "chosen", "completions", "find", "nearest", "presets", "search"]
