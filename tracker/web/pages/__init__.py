"""The contents of each page of the web interface: typed values for the templates.

Comes in: states of pages, assessments and history. Goes out: values that a template writes down unchanged. Pure: no
request, no store, and `now` is a parameter.
"""
