"""Metrics in the format of Prometheus. Needs the extra `web`.

Comes in: the present state of all pages, and the data server in numbers, read at each scrape. Goes out: one text. Only
the delays of updates are counted here, since the process started; so any number of processes serve the same.
"""
