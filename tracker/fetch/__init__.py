"""Conditional GETs of pages that nobody vouches for: the `Fetcher` port over HTTP.

    http          RequestsFetcher: one request, its redirects, its outcome
    breaker       Breaker: a host that keeps failing is asked only now and then, whoever fetches
    urls          which URLs may be asked
    connection    what requests and urllib3 are told to do otherwise
    dial          look up a name, check every address, connect to exactly those
    addresses     which addresses are public (pure)
    limits        how long and how large
    budget        time and bytes that one fetch may still use
    body          bounded reading
    coding        which content codings a body has, whatever its label says
    decoders      what undoes each of them, in bounded pieces
    trail         the way of one request through its redirects
    cookies       what they set, for that request and one host
    signin        whether a page is one where people sign in (pure)
    head          which lines of an answer's head are fields
    echoes        secrets that an answer repeats (pure)
    framing       whether the end of an answer is clear (pure)
    outcome       what an answer means
    conditional   validators in and out (pure)
    freshness     how long an answer is fresh, when to come back (pure)
    failures      every error of the client as one of ours

`requests` and `urllib3` are imported in this package and nowhere else.
"""

from tracker.fetch.breaker import Breaker
from tracker.fetch.http import RequestsFetcher
from tracker.fetch.limits import FetchLimits

__all__ = ["Breaker", "FetchLimits", "RequestsFetcher"]
