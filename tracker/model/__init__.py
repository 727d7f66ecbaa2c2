"""The values that all other packages share: pages, events, and the state that is kept of a page.

Comes in: nothing. Goes out: frozen values. Imports nothing but `tracker.errors`; no I/O, no clock but `utc_now`.
"""
