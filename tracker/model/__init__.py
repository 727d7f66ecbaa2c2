"""What a page says, what happened, what is remembered: the values that all other packages share.

Comes in: nothing. Goes out: frozen values. Imports nothing but `tracker.errors`; no I/O, no clock but `utc_now`.
"""
