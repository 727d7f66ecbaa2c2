"""Conditional GETs of pages that may be hostile: the `Fetcher` port over HTTP.

    http          RequestsFetcher: one request, its redirects, its outcome
    lane          QuickLane: a request and its plain answer on an event loop; the `QuickFetcher` port
    asking        the bytes of its requests (pure)
    connector     how it connects
    link          one of its connections
    kept          those that wait for the next request
    reader        its answers as they come, by llhttp (no I/O)
    elsewhere     the pages that it leaves to RequestsFetcher
    fields        header fields of requests and answers (pure)
    breaker       Breaker: a host that keeps failing gets a request only occasionally, by all fetchers together
    urls          which URLs may be requested
    adapter       the pools of connections behind requests, and their proxies
    connection    how urllib3 connects and reads here
    dial          look up a name, check every address, connect to exactly those
    addresses     which addresses are public (pure)
    limits        how long and how large
    options       what all clients share: name, trust, proxies, address policy
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
    failures      every error of the client as one of the tracker's

`requests`, `urllib3` and `httptools` are imported in this package and nowhere else.
"""

from tracker.fetch.breaker import Breaker
from tracker.fetch.http import RequestsFetcher
from tracker.fetch.lane import QuickLane
from tracker.fetch.limits import FetchLimits
from tracker.fetch.look_ups import LOOK_UP_THREADS
from tracker.fetch.options import ClientOptions

__all__ = ["LOOK_UP_THREADS", "Breaker", "ClientOptions", "FetchLimits", "QuickLane", "RequestsFetcher"]
