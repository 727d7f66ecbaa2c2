"""What is new on a page: the comparison of a snapshot with what was known before.

Comes in: snapshots and page states. Goes out: pending events and the next state. Pure; imports `tracker.model` only.
"""
