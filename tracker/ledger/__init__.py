"""Reads the past from the record: incidents with all changes by their vendors, and figures of a month.

Comes in: lines of `updates.jsonl` and of files that were rotated away. Goes out: ledgers of incidents and reports.
Files are streamed, so that memory depends on how many incidents there are and not on how long the record is. Needs
neither the data server nor the history database. `record` reads files; the rest is pure.
"""
