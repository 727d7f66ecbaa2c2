"""Finds the changes of a page: compares a snapshot with earlier knowledge.

Comes in: snapshots and page states. Goes out: pending events and the next state. Pure; imports `tracker.model` only.
"""
