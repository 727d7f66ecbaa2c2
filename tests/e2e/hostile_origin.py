"""A vendor that turns against its readers: pages that were read once and then answer with whatever may do harm.

Every page begins as an honest one. After `HostileOrigin.lease` it answers with its attack, at each request.
"""

import gzip
import json
import threading
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import cycle
from typing import Any, Self

from backports import zstd

from tests.contract.fetch_origin import Exchange, Origin

#: Is in every answer that is to be refused, and must never come out.
PLANTED = "PLANTED-BY-THE-VENDOR"
#: The password in a redirect, and the name of a file that a feed refers to.
PASSWORD = "hunter2hunter2"
FILE = "file:///etc/passwd"

#: What may be done to a terminal or to a log: clear it, set its title, forge a line, turn text around, hide, ring.
TRICKS = (
    "\x1b[2J\x1b]0;owned\x07\r\n2026-01-01T00:00:00Z tracker: forged\u202eLTR\u2066\u200b\u009b31m\u2028\x00\x7f\ud800"
)
MARK = "the visible part"


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One kind of answer, and what is to come of it."""

    answer: Callable[[Exchange], None]
    #: The one reason that is given; None for an answer that is read in spite of all.
    reason: str | None = None
    #: The requests for the page, below its own path; another endpoint than a platform's has no others beside it.
    path: str = "/answer.json"
    #: The title of the one update that is reported all the same, and those of further incidents.
    title: str | None = None
    more_titles: tuple[str, ...] = ()
    #: What its entry of providers.toml says, too.
    keys: dict[str, str] = field(default_factory=dict)


def page(*incidents: dict[str, Any], **more: Any) -> bytes:
    """Return a page as Statuspage would answer it."""
    stamp = {"id": "p", "name": "P", "url": "https://status.vendor.example", "updated_at": "2026-11-23T00:00:00Z"}
    return json.dumps({"page": stamp, "components": [], **more, "incidents": list(incidents)}).encode()


def incident(name: str = PLANTED, body: str = PLANTED, **more: Any) -> dict[str, Any]:
    """Return an incident with one update."""
    update = {"id": "u", "status": "investigating", "body": body, "created_at": "2026-11-23T00:00:00Z"}
    return {"id": "i", "name": name, "status": "investigating", "impact": "major", "incident_updates": [update], **more}


def rss(content: str, head: str = "", attributes: str = "") -> bytes:
    """Return a feed."""
    return f'{head}<rss version="2.0"{attributes}><channel><title>P</title>{content}</channel></rss>'.encode()


def item(text: str = PLANTED, more: str = "") -> str:
    """Return an item of a feed."""
    return f"<item><guid>g</guid><title>{text}</title>{more}<description>{text}</description></item>"


def says(body: bytes | Callable[[], bytes], *, status: str = "200 OK", **headers: str) -> Callable[[Exchange], None]:
    """Answer with these bytes, or with those that a function makes once they are asked for."""
    made = cache(body) if callable(body) else lambda: body
    return lambda exchange: exchange.answer(status, made(), **headers)


def one_by_one(*answers: Callable[[Exchange], None]) -> Callable[[Exchange], None]:
    """Answer otherwise each time."""
    following = cycle(answers)

    def answer(exchange: Exchange) -> None:
        next(following)(exchange)

    return answer


def sends(head: bytes, body: bytes) -> Callable[[Exchange], None]:
    """Send these very bytes, and end the connection."""

    def answer(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\n", head, b"\r\n\r\n", body)
        exchange.hang_up()

    return answer


def redirects(location: str) -> Callable[[Exchange], None]:
    """Answer with a redirect."""
    return says(page(incident()), status="302 Found", Location=location)


def floods(head: bytes, endless: bytes) -> Callable[[Exchange], None]:
    """Send without an end, until the client has enough."""

    def answer(exchange: Exchange) -> None:
        exchange.send(head)
        while not exchange.ending.is_set():
            exchange.send(endless)

    return answer


def drips(at_once: bytes, dripped: bytes) -> Callable[[Exchange], None]:
    """Send something at once, and the rest byte by byte, each long before a read would time out."""

    def answer(exchange: Exchange) -> None:
        exchange.send(at_once)
        exchange.drip(dripped, 0.5)

    return answer


def bomb(exchange: Exchange) -> None:
    """Send 1 MB that becomes 1 GB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
    head = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    for data in (head, *[block] * 1024):
        exchange.send(f"{len(data):x}\r\n".encode(), data, b"\r\n")


def cut(exchange: Exchange) -> None:
    """Promise more than is sent."""
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", page(incident()))
    exchange.hang_up()


def hangs(exchange: Exchange) -> None:
    """Take the request and stay silent."""
    exchange.dawdle()


#: A definition whose path takes the square of a page's elements.
COSTLY = """
[[format]]
name = "costly"
kind = "xml"
always = "channel"
incidents = "//item[count(//*[count(//*) > 1]) > 1]"
title = "title"
only_open = true
"""
JSON = "application/json; charset=utf-8"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TOO_LARGE = "the answer is larger than 8 MiB"
TOO_LATE = "no complete answer within 20 s"
TOO_MANY_VALUES = "the answer is JSON with more in it than a status page"
TOO_MUCH_MARKUP = "the feed holds more markup than a status page's"
FEED = "/feed.rss"

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
EXTERNAL = f'<!DOCTYPE rss [<!ENTITY a SYSTEM "{FILE}">]>'
NAMES = [{"name": f"{PLANTED} {number} {'x' * 200}"} for number in range(5_000)]
UPDATES = [{"id": str(number)} for number in range(20_000)]

REFUSED: dict[str, Attack] = {
    # size
    "endless chunks": Attack(answer=floods(CHUNKED, b"10000\r\n" + bytes(65536) + b"\r\n"), reason=TOO_LARGE),
    "gzip bomb": Attack(answer=bomb, reason=TOO_LARGE),
    "zstd bomb": Attack(
        answer=says(lambda: zstd.compress(bytes(1 << 28), 1), Content_Encoding="zstd"), reason=TOO_LARGE
    ),
    "cut body": Attack(answer=cut, reason="the answer of 127.0.0.1 breaks HTTP: the body is cut short"),
    # time
    "drip": Attack(
        answer=drips(b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n", page(incident())), reason=TOO_LATE
    ),
    "silence": Attack(answer=hangs, reason="no byte came for 10 s"),
    "XPath that takes long": Attack(
        answer=says(b"<rss><channel>" + b"<a><item/><item/></a>" * 4_900 + b"</channel></rss>"),
        reason="its expressions take too long on this page; write paths without `..`, functions, and `//` in [ ]",
        path=FEED,
        keys={"format": "costly"},
    ),
    # headers
    "endless headers": Attack(
        answer=floods(b"HTTP/1.1 200 OK\r\n", b"X-Header: 1\r\n" * 100), reason="the answer of 127.0.0.1 breaks HTTP"
    ),
    "two lengths": Attack(
        answer=sends(b"Content-Length: 5\r\nContent-Length: 50", page(incident())),
        reason="the answer has a wrong Content-Length: 5, 50",
    ),
    "chunk of negative size": Attack(
        answer=sends(b"Transfer-Encoding: chunked", b"-1\r\n" + page(incident())),
        reason="the answer has a chunk of negative size",
    ),
    # redirects
    "redirects without an end": Attack(
        answer=one_by_one(*(redirects(f"?{number}") for number in range(1_000))), reason="redirected more than 10 times"
    ),
    "redirect loop": Attack(answer=redirects("?again"), reason="redirected more than 10 times, in a circle"),
    "redirect with a password": Attack(
        answer=redirects(f"http://admin:{PASSWORD}@127.0.0.1/"), reason="the URL holds a user name or password"
    ),
    "redirect with escapes": Attack(
        answer=redirects("http://127.0.0.1/\x1b[2J"),
        reason="http://127.0.0.1/ [2J holds a control character or a backslash",
    ),
    # other answers
    "HTML": Attack(
        answer=says(f"<!DOCTYPE html><html><body>{PLANTED}</body></html>".encode(), Content_Type="text/html"),
        reason="the answer is an HTML page, not a status page in a format that can be read",
    ),
    "error with 200": Attack(
        answer=says(json.dumps({"status": 500, "error": f"oops {TRICKS}{MARK}"}).encode()),
        reason="the answer is an error message: 500 oops [2J ]0;owned 2026-01-01T00:00:00Z tracker: forged LTR 31m "
        "the visible part",
    ),
    "nothing": Attack(answer=says(b""), reason="the answer is empty"),
    "deep JSON": Attack(
        answer=says(lambda: b'{"page":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        reason="the answer is JSON nested too deeply",
    ),
    "JSON of millions of nothings": Attack(
        answer=says(lambda: page(incident(), more=[{}] * 2_000_000).replace(b" ", b"")), reason=TOO_MANY_VALUES
    ),
    "updates that all name all components": Attack(
        answer=says(lambda: page({"id": "i", "components": NAMES, "incident_updates": UPDATES})),
        reason="its updates name so many components that reporting all takes over 8 MB",
    ),
    "nested JSON of 2 MB": Attack(
        answer=says(lambda: b'{"page":' + b'{"a":' * 300_000 + b"1" + b"}" * 300_001), reason=TOO_MANY_VALUES
    ),
    "very many incidents in a small answer": Attack(
        answer=says(
            lambda: gzip.compress(b'{"page":{},"incidents":[' + b'{"id":1},' * 400_000 + b"{}]}"),
            Content_Encoding="gzip",
        ),
        reason=TOO_MANY_VALUES,
    ),
    "a million nested tags": Attack(
        answer=says(lambda: b"<!DOCTYPE html>" + b"<div>" * 1_000_000, Content_Type="text/html"),
        reason="the answer is an HTML page, not a status page in a format that can be read",
    ),
    # feeds
    "billion laughs": Attack(
        answer=says(rss(item("&l9;"), f"<!DOCTYPE rss [{LAUGHS}]>")),
        reason="the feed declares XML entities that are made of others",
        path=FEED,
    ),
    "tag of a million attributes": Attack(
        answer=says(lambda: rss(item(), attributes=' a="b"' * 1_000_000)), reason=TOO_MUCH_MARKUP, path=FEED
    ),
}

_KNOWN = incident(name="Known", body=MARK)
REPORTED: dict[str, Attack] = {
    "invalid UTF-8": Attack(
        answer=says(page(_KNOWN).replace(b"Known", b"\xffKnown\xed\xa0\x80"), Content_Type=JSON),
        title="\ufffdKnown\ufffd\ufffd\ufffd",
    ),
    "another encoding each time": Attack(
        answer=one_by_one(*(says(page(_KNOWN).decode().encode(name)) for name in ("utf-8", "utf-16", "utf-8-sig"))),
        title="Known",
    ),
    "ids of a megabyte": Attack(answer=says(page(incident("Long", MARK, id="i" * 1_000_000))), title="Long"),
    "one id for all": Attack(answer=says(page(*(incident(f"N {n}", MARK) for n in range(50)))), title="N 0"),
    "two incidents in turn": Attack(
        answer=one_by_one(*(says(page(incident(name, MARK, id=name))) for name in ("One", "Other"))),
        title="One",
        more_titles=("Other",),
    ),
    "odd bytes in headers": Attack(
        answer=sends(
            b'ETag: "%b"\r\nX\xff: \x1b[2J\r\nno field\r\nContent-Length: %d' % (b"e" * 60_000, len(page(_KNOWN))),
            page(_KNOWN),
        ),
        title="Known",
    ),
    "chunks with extensions": Attack(
        answer=sends(
            b"Transfer-Encoding: chunked", b'%x;a="\x1b";b\r\n%b\r\n0\r\n\r\n' % (len(page(_KNOWN)), page(_KNOWN))
        ),
        title="Known",
    ),
    "times beyond every calendar": Attack(
        answer=says(
            page(incident("Known", MARK, created_at="9999-12-31T23:59:59-14:00", updated_at="-0001-01-01T00:00:00Z"))
        ),
        title="Known",
    ),
    "titles of a megabyte": Attack(
        answer=says(lambda: page(incident("a " * 500_000, MARK * 60_000))), title="a " * 149 + "a…"
    ),
    "tricks": Attack(
        answer=says(
            page(
                incident(
                    f"{TRICKS} {MARK}",
                    f"{TRICKS} {MARK}",
                    id=f"{TRICKS}i",
                    impact=TRICKS,
                    components=[{"name": TRICKS}],
                    shortlink=f"https://status.vendor.example/{''.join(TRICKS.split())}",
                ),
                name=TRICKS,
                components=[{"id": TRICKS, "name": TRICKS, "status": "major_outage"}],
            )
        ),
        title="\x1b[2J\x1b]0;owned\x07 2026-01-01T00:00:00Z tracker: forged\u202eLTR\u2066\u200b\x9b31m \x7f\ufffd "
        + MARK,
    ),
    "tricks in a feed": Attack(
        answer=says(rss(item(f"&#x202e;&#155;2J<![CDATA[\u2028\x1b[31m{MARK}]]>").replace("<guid>g", "<guid>\x1b[1m"))),
        path=FEED,
        title=f"\u202e\u203a2J \x1b[31m{MARK}",
    ),
    "quadratic entities": Attack(
        answer=says(rss(item("&a;" * 20_000), f'<!DOCTYPE rss [<!ENTITY a "{"a" * 900}">]>')),
        path=FEED,
        title="&a;" * 99 + "&a…",
    ),
    "external entity": Attack(answer=says(rss(item("&a;"), EXTERNAL)), path=FEED, title="&a;"),
}


@dataclass
class HostileOrigin:
    """Serves one page for each attack: one of each kind; those of the fetcher and of the formats meet them all."""

    attacks: dict[str, Attack]
    #: Requests by page, before and after the attack.
    asked: Counter[str] = field(default_factory=Counter)
    asked_in_vain: list[str] = field(default_factory=list)
    _attacks_now: threading.Event = field(default_factory=threading.Event)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Self:
        self._pages = {f"/{number}": name for number, name in enumerate(self.attacks)}
        self._origin = Origin(self._answer)
        self._origin.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._origin.__exit__(*error)

    def url(self, name: str) -> str:
        """Return the address of a page."""
        number = next(path for path, page_name in self._pages.items() if page_name == name)
        return self._origin.url(number + self.attacks[name].path)

    def attack(self) -> None:
        """Attack from now on."""
        self._attacks_now.set()

    def wait_until_read_twice(self, timeout_s: float) -> None:
        """Wait until every page was polled again after its first answer, which by then was taken in."""
        with self._changed:
            if not self._changed.wait_for(lambda: all(self.asked[name] > 1 for name in self.attacks), timeout_s):
                raise TimeoutError(f"not asked twice: {[name for name in self.attacks if self.asked[name] < 2]}")

    def _answer(self, exchange: Exchange) -> None:
        path = "/" + exchange.request.path.split("/")[1]
        name = self._pages.get(path)
        if name is None:
            self.asked_in_vain.append(exchange.request.path)
            exchange.answer("404 Not Found")
            return
        with self._changed:
            self.asked[name] += 1
            self._changed.notify_all()
        attack = self.attacks[name]
        if self._attacks_now.is_set():
            attack.answer(exchange)
        elif attack.path == FEED:
            exchange.answer(body=rss(""))
        else:
            exchange.answer(body=page())
