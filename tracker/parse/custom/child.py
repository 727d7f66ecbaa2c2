"""The process that reads one body: a job arrives on standard input, its result leaves on standard output."""

import resource
import sys

import msgspec

from tracker.errors import ParseError
from tracker.parse.custom.apart import TOO_MUCH, Job, Read
from tracker.parse.custom.format import read_here


def main() -> None:
    """Read one job and write its result."""
    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    # The kernel ends the process, whatever it is doing.
    _limit(resource.RLIMIT_CPU, job.most_cpu_s)
    _limit(resource.RLIMIT_AS, job.most_memory)
    _limit(resource.RLIMIT_CORE, 0)
    try:
        read = Read(snapshot=read_here(job.definition, job.body, job.url))
    except ParseError as error:
        read = Read(error=str(error))
    except MemoryError:
        read = Read(error=TOO_MUCH)
    sys.stdout.buffer.write(msgspec.msgpack.encode(read))


def _limit(kind: int, most: int) -> None:
    """Lower a limit of this process, unless it is lower already."""
    _, hard = resource.getrlimit(kind)
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (bound, bound))


if __name__ == "__main__":
    main()
