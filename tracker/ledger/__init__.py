"""What the record says of the past: incidents with all that their vendors changed, and figures of a month.

Comes in: lines of `updates.jsonl` and of files that were rotated away. Goes out: ledgers of incidents and reports.
Files are streamed, so that memory depends on how many incidents there are and not on how long the record is. Needs
neither the data server nor the history database. `record` reads files; the rest is pure.
"""
