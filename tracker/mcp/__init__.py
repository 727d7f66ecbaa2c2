"""The tracker for agents: eight tools that only read, over the Model Context Protocol. Needs the extra `mcp`.

Comes in: the present state of pages, the history, alerts, the diagnosis. Goes out: answers with the age of their
knowledge. Vendors' words are hostile: they appear, cleaned and cut, only in fields named `untrusted`.
"""
