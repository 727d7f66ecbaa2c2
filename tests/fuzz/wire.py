"""`make fuzz`, the wire: broken heads and encodings of answers, over real sockets, for the fetcher.

    python -m tests.fuzz.wire [--cases 20000] [--seed N] [--case N]

Exit status 0 when nothing but a FetchError came out, no body was larger than the cap, what the quick lane understood
means the same to it, no case took a second of processor time, and the process never held 64 MB more than before its
first case; 1 otherwise. A case is known by seed and number. Answers come from a process of their own, so that they are
not counted.
"""

import argparse
import contextlib
import faulthandler
import gzip
import multiprocessing
import random
import resource
import socket
import sys
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, Self

import brotli
from msgspec.structs import replace

from tests.contract.both_fetchers import LaneAndGeneral
from tests.contract.fetch_origin import Exchange, Origin
from tracker.errors import FetchError, FetchTimeout, PollError
from tracker.fetch import FetchLimits, RequestsFetcher
from tracker.fetch.decoders import zstd
from tracker.fetch.options import ClientOptions
from tracker.model.provider import Validators
from tracker.polling.fetcher import Fetched, FetchRequest, NotModified

#: Small, so that what is too large ends soon. No answer waits: only a machine that is busy takes long.
LIMITS: Final = FetchLimits(connect_s=10.0, read_s=10.0, total_s=20.0, max_body_bytes=256 * 1024)
MOST_SECONDS: Final = 1.0
MOST_MEMORY: Final = 64 * 1024 * 1024
_HANGS_S: Final = 120
_SIZES: Final = (0, 1, 10, 511, 512, 513, 5_000, 65_535, 65_536, 262_144, 262_145, 1_000_000)
_STATUSES: Final = (*(200,) * 40, 203, 204, 206, 301, 302, 304, 307, 401, 403, 404, 407, 429, 500, 503, 999)
_INTERIM: Final = (100, 101, 102, 103, 110, 199)
_CODINGS: Final = (
    "gzip",
    "x-gzip",
    "deflate",
    "br",
    "zstd",
    "identity",
    "none",
    "UTF-8",
    "aws-chunked",
    "compress",
    "",
)
_VALUES: Final = (
    *("", " ", "0", "-1", "1", "99999999999999999999", "1_0", "0x10", "chunked", "gzip, chunked", "identity", "close"),
    *("keep-alive", "text/html", "application/rss+xml; charset=utf-7", "/", "//", "/next", "http://[::1", "?" * 3000),
    *(
        "http://10.0.0.1/",
        "ftp://a",
        "\x00",
        "\xff" * 50,
        "a\tb",
        "Sat, 21 Nov 2026 10:00:00 GMT",
        "soon",
        "a=1; Path=/",
    ),
    *("a=1; Domain=.127.0.0.1; Secure; Max-Age=x; Expires=never", "=;=;=", "max-age=1e9, no-store", '"', "x" * 70_000),
)
_NAMES: Final = (
    *(
        "Content-Length",
        "Content-Encoding",
        "Transfer-Encoding",
        "Connection",
        "Location",
        "Set-Cookie",
        "ETag",
        "Date",
    ),
    *(
        "Last-Modified",
        "Cache-Control",
        "Expires",
        "Age",
        "Retry-After",
        "Content-Type",
        "X",
        "",
        " ",
        "Trailer",
        "X\x00",
    ),
    *("Keep-Alive", "Upgrade", "Server", "cf-mitigated", "Content-Range", "\xe4", "WWW-Authenticate"),
)
_TOKENS: Final = (
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b" ",
        b":",
        b"0\r\n\r\n",
        b"\xff" * 9,
        b"5\r\nhello\r\n",
    ),
    *(b"-1\r\n", b"ffffffffffffffff\r\n", b";x=" + b"y" * 2000 + b"\r\n", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"),
)


def packed(coding: str, body: bytes, chance: random.Random) -> bytes:
    """Return a body as a coding has it; as it is for one that packs nothing."""
    match coding:
        case "gzip" | "x-gzip":
            members = chance.choice((1, 1, 1, 2, 1500))
            return b"".join(gzip.compress(body if n == 0 else b"", 1, mtime=0) for n in range(members))
        case "deflate":
            return zlib.compress(body, 1, wbits=chance.choice((15, -15)))
        case "br":
            return brotli.compress(body, quality=1)
        case "zstd":
            return zstd.compress(body, 1)
    return body


def body_of(chance: random.Random) -> tuple[str, bytes]:
    """Return what Content-Encoding says, and a body that fits it or does not."""
    size = chance.choice(_SIZES)
    unit = chance.choice((b"<rss>news</rss>\n", b"\0", "é".encode(), chance.randbytes(64)))
    body = (unit * (size // len(unit) + 1))[:size]
    if chance.random() < 0.05:
        body = bytes(16 << 20)
    codings = chance.choices(_CODINGS, k=chance.choice((1, 1, 1, 2, 3, 6)))
    for coding in codings if chance.random() < 0.9 else chance.choices(_CODINGS, k=2):
        body = packed(coding, body, chance)
    if chance.random() < 0.15:
        body = broken(body, chance)
    return chance.choice((", ", ",", " , ")).join(codings), body


def broken(data: bytes, chance: random.Random) -> bytes:
    """Break bytes with no regard to what they mean."""
    damaged = bytearray(data)
    for _ in range(chance.choice((1, 1, 3, 9))):
        start = chance.randrange(len(damaged) + 1)
        end = min(len(damaged), start + chance.choice((0, 1, 4, 64, 5_000)))
        match chance.randrange(4):
            case 0:
                del damaged[start:]
            case 1:
                damaged[start:end] = chance.choice(_TOKENS)
            case 2:
                damaged[start:end] = chance.randbytes(end - start)
            case _:
                damaged[start:start] = damaged[start:end]
    return bytes(damaged)


def chunked(body: bytes, chance: random.Random) -> bytes:
    """Return a body in chunks, of which there may be too many."""
    size = chance.choice((1, 100, 10_000, 1_000_000)) if len(body) < 100_000 else 50_000
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    extension = chance.choice((b"", b"", b";a=b"))
    end = chance.choice((b"0\r\n\r\n", b"0\r\nX: 1\r\n\r\n", b"0\r\n", b""))
    return b"".join(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in pieces) + end


def answer(seed: int, number: int) -> bytes:
    """Return one answer, always the same for the same arguments."""
    chance = random.Random(f"{seed}/wire/{number}")
    label, body = body_of(chance)
    fields = [("Content-Encoding", label)] if label or chance.random() < 0.5 else []
    if chance.random() < 0.5:
        fields.append(("Transfer-Encoding", "chunked"))
        sent = chunked(body, chance)
    else:
        fields.append(("Content-Length", str(len(body) + chance.choice((*(0,) * 12, -1, 1, 1000)))))
        sent = body
    fields += [
        (chance.choice(_NAMES), chance.choice(_VALUES)) for _ in range(chance.choice((*(0,) * 8, 1, 1, 2, 5, 120)))
    ]
    chance.shuffle(fields)
    interim = b"".join(
        b"HTTP/1.1 %d \r\n%s\r\n" % (chance.choice(_INTERIM), chance.choice((b"", b"Link: <a>\r\n", b"garbage\r\n")))
        for _ in range(chance.choice((0, 0, 0, 0, 0, 0, 1, 1, 3, 150)))
    )
    version = chance.choice((*(b"HTTP/1.1",) * 30, b"HTTP/1.0", b"HTTP/2", b"ICY", b""))
    reason = chance.choice((*(b"OK",) * 30, b"", b"\xff\x00", b"x" * 70_000))
    start = version + b" %d " % chance.choice(_STATUSES) + reason
    head = start + b"\r\n" + b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in fields) + b"\r\n"
    if chance.random() < 0.2:
        head = broken(head, chance)
    return interim + head + sent


@dataclass(slots=True)
class Outcomes:
    """What became of the cases."""

    cases: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    #: Those of the quick lane; None for what it left to the general fetcher.
    quick: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    slowest_case: int = -1
    grown_bytes: int = 0
    failures: list[tuple[int, str]] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Tell whether all is as it should be."""
        return not self.failures and self.slowest_s < MOST_SECONDS and self.grown_bytes < MOST_MEMORY


class Wire:
    """A process that sends one broken answer after the other, and both fetchers that ask for them."""

    def __init__(self, seed: int) -> None:
        self._fetcher = RequestsFetcher(ClientOptions(user_agent="fuzz"), limits=LIMITS, hosts=1)
        self._quick = LaneAndGeneral(ClientOptions(user_agent="fuzz"), limits=LIMITS, hosts=1)
        context = multiprocessing.get_context("spawn")
        self._pipe, end = context.Pipe()
        self._process = context.Process(target=_serve, args=(seed, end), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self._url = self._pipe.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._fetcher.close()
        self._quick.end()
        self._pipe.send("end")
        self._process.join(10)

    def try_out(self, number: int, counts: Outcomes) -> None:
        """Ask for one answer and count what came of it."""
        counts.cases += 1
        validators = Validators(etag='"1"') if number % 2 else Validators()
        request = FetchRequest(url=f"{self._url}{number}", allow_private=True, validators=validators)
        began = time.thread_time()
        outcome = outcome_of(self._fetcher.fetch, request)
        seconds = time.thread_time() - began
        counts.outcomes[type(outcome).__name__] += 1
        if (wrong := _what_is_wrong(outcome)) is not None:
            counts.failures.append((number, wrong))
        began = self._quick.thread.seconds()
        quick = outcome_of(self._quick.fetch_quickly, request)
        seconds = max(seconds, self._quick.thread.seconds() - began)
        counts.quick[type(quick).__name__] += 1
        if isinstance(quick, FetchTimeout) is not isinstance(outcome, FetchTimeout):
            # The machine was busy; whoever really waits for more does so again.
            request = replace(request, url=f"{request.url}?again")
            outcome, quick = outcome_of(self._fetcher.fetch, request), outcome_of(self._quick.fetch_quickly, request)
        if quick is not None and _in_words(quick) != _in_words(outcome):
            counts.failures.append((number, f"the lane: {_in_words(quick)[:200]}, not {_in_words(outcome)[:200]}"))
        if seconds > counts.slowest_s:
            counts.slowest_s, counts.slowest_case = seconds, number


def outcome_of(fetch: Callable[[FetchRequest], Any], request: FetchRequest) -> object:
    """Return what came of a request, whatever it is."""
    try:
        return fetch(request)
    except Exception as error:  # noqa: BLE001  whatever it is, it is what we look for
        return error


def _what_is_wrong(outcome: object) -> str | None:
    """Return what there is to say against an outcome."""
    if isinstance(outcome, FetchError):
        is_sentence = str(outcome).isprintable() and len(str(outcome)) <= 300
        return None if is_sentence else f"a sentence that is none: {outcome!r}"[:200]
    if isinstance(outcome, Exception):
        return "".join(traceback.format_exception_only(outcome)).strip()[:200]
    if isinstance(outcome, Fetched) and len(outcome.body) > LIMITS.max_body_bytes:
        return f"a body of {len(outcome.body)} bytes"
    return None


def _in_words(outcome: object) -> str:
    """Return what an outcome says, the same for the same."""
    if isinstance(outcome, Fetched | NotModified):
        # How long it is fresh may depend on when it came.
        return repr(replace(outcome, fresh_for_s=None))
    if isinstance(outcome, PollError):
        return f"{type(outcome).__name__}{outcome.args}"
    return repr(outcome)


def _serve(seed: int, pipe: Connection) -> None:
    """Send answers until the pipe says that it is over."""

    def send(exchange: Exchange) -> None:
        number = exchange.request.path.strip("/").partition("?")[0]
        with contextlib.suppress(OSError):
            # Redirects lead somewhere else.
            exchange.send(answer(seed, int(number)) if number.isdigit() else b"HTTP/1.1 404 No\r\n\r\n")
            # What is not framed ends here, and so does what announced more.
            exchange.sock.shutdown(socket.SHUT_WR)
        exchange.hang_up()

    with Origin(send) as origin:
        pipe.send(origin.url("/"))
        pipe.recv()


def fuzz(seed: int, cases: int) -> Outcomes:
    """Ask for that many broken answers."""
    counts = Outcomes()
    with Wire(seed) as wire:
        wire.try_out(0, Outcomes())
        before = _peak()
        for number in range(cases):
            if number % 100 == 0:
                faulthandler.dump_traceback_later(_HANGS_S, exit=True)
            wire.try_out(number, counts)
        counts.grown_bytes = _peak() - before
    faulthandler.cancel_dump_traceback_later()
    return counts


def _peak() -> int:
    """Return the most memory that this process has held, in bytes."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def main() -> int:
    """Run the cases and print what came of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int, help="repeat one case")
    options = parser.parse_args()
    if options.case is not None:
        counts = Outcomes()
        with Wire(options.seed) as wire:
            wire.try_out(options.case, counts)
        sys.stdout.write(f"{answer(options.seed, options.case)[:2000]!r}\n{counts}\n")
        return 0 if counts.passed else 1
    counts = fuzz(options.seed, options.cases)
    say = sys.stdout.write
    say(f"seed {options.seed}: {counts.cases} answers on the wire\n")
    for name in sorted({*counts.outcomes, *counts.quick}):
        say(f"{name:<20}{counts.outcomes[name]:>9}{counts.quick[name]:>9} on the lane\n")
    slowest, grown = f"{counts.slowest_s * 1e3:.0f} ms", f"{counts.grown_bytes / 2**20:.1f} MB"
    say(f"slowest {slowest} (--case {counts.slowest_case}), grown {grown}\n")
    for number, what in counts.failures[:10]:
        say(f"--case {number}: {what}\n")
    say("passed\n" if counts.passed else "FAILED\n")
    return 0 if counts.passed else 1


if __name__ == "__main__":
    sys.exit(main())
