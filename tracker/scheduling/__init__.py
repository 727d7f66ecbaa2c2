"""Computes due times: intervals, phases, back-off, cadence, and the lag of dispatch.

Comes in: providers and what is remembered of their pages. Goes out: due times. Pure: `now` is a parameter.
"""
