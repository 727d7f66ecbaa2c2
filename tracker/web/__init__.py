"""The tracker for people and programs: pages, the API, feeds, live events. Needs the extra `web`.

Comes in: what the data server holds now (`board`), the history, acts of whoever may act. Goes out: HTTP. `app` puts it
together; what is decided without HTTP stays apart from it: who may do what (`access`), the vendors' common shape
(`statuspage`), the texts of feeds, calendars and badges.
"""
