"""The data server: the catalogue, due times, pages, the stream of events; and pages in memory.

Comes in: values. Goes out: values. The only package that imports `redis`; every change of several keys is a script.
"""
