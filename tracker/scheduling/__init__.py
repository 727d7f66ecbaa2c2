"""When a page is due: intervals, phases, back-off, cadence, and how late dispatch is.

Comes in: providers and what is remembered of their pages. Goes out: due times. Pure: `now` is a parameter.
"""
