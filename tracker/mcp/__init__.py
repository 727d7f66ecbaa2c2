"""The tracker for agents: eight tools that only read, over the Model Context Protocol. Needs the extra `mcp`.

Comes in: how pages do now, the history, alerts, the diagnosis. Goes out: answers with the age of what they say. Words
of vendors are hostile: they come in fields named `untrusted` alone, cleaned and cut, and nowhere else.
"""
