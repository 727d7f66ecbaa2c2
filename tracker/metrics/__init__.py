"""Metrics in the format of Prometheus. Needs the extra `web`.

Comes in: how all pages do now, and what the data server holds in numbers, asked at each scrape. Goes out: one text.
Nothing is counted here but how long updates took since the process started; so any number of processes serve the same.
"""
