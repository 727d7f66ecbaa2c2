"""The process that reads one body: a request arrives on standard input, its result leaves on standard output."""

import resource
import sys

import msgspec

from tracker.errors import ParseError
from tracker.parse.custom.apart import TOO_MUCH, ReadRequest, ReadResult
from tracker.parse.custom.format import read_here


def main() -> None:
    """Read one request and write its result."""
    request = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=ReadRequest)
    # The kernel ends the process at this limit, even within one call of a library.
    _limit(resource.RLIMIT_CPU, request.most_cpu_s)
    _limit(resource.RLIMIT_AS, request.most_memory)
    _limit(resource.RLIMIT_CORE, 0)
    try:
        read = ReadResult(snapshot=read_here(request.definition, request.body, request.url))
    except ParseError as error:
        read = ReadResult(error=str(error))
    except MemoryError:
        read = ReadResult(error=TOO_MUCH)
    sys.stdout.buffer.write(msgspec.msgpack.encode(read))


def _limit(kind: int, most: int) -> None:
    """Lower a limit of this process, unless it is lower already."""
    _, hard = resource.getrlimit(kind)
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (bound, bound))


if __name__ == "__main__":
    main()
