"""The tracker for people and programs: pages, the API, feeds, live events. Needs the extra `web`.

Comes in: the present contents of the data server (`board`), the history, acts of people. Goes out: HTTP. `app` puts it
together. Decisions that need no HTTP are in modules of their own: access (`access`), the vendors' common shape
(`statuspage`), the texts of feeds, calendars and badges.
"""
