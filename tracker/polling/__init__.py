"""One poll of one page, from its lease to its commit.

Comes in: a provider id. Goes out: a commit. Reaches network and data server only through `fetcher` and `page_store`.
"""
