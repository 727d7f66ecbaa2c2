"""The contents of each page of the web interface: typed values for the templates.

Comes in: what is remembered of pages, assessments and history. Goes out: values that a template writes down as they
are. Pure: no request, no store, and `now` is a parameter.
"""
