"""Hostile text made safe for a terminal or a log: the functions of `tracker.model.plain`."""

from tracker.model.plain import ascii_json, one_line, several_lines

__all__ = ["ascii_json", "one_line", "several_lines"]
