"""The `Fetcher` port on libcurl, for large fleets.

    fetcher       CurlFetcher: one request, its redirects, its outcome; or many requests at a time
    driver        one thread that moves the bytes of all transfers over one set of connections
    transfer      one request and its answer on an easy handle
    headers       header lines, read (pure)
    errors        every error of libcurl as one of ours

libcurl does what costs time: sockets, TLS, HTTP. What decides stays ours and is the same as with `requests`: which
URLs are asked, which addresses are connected to (the dialer of that engine), redirects, caps, decoding, meaning.

`pycurl` is imported in this package and nowhere else.
"""

from tracker.fetch.curl.fetcher import CurlFetcher

__all__ = ["CurlFetcher"]
