"""`make fuzz`: give broken answers to the parsers and count what comes out.

    python -m tests.fuzz.run [--cases 100000] [--seed N] [--parser NAME] [--case N]

Exit status 0 when nothing but ParseError came out, no case took a second of processor time, and no parser's process
ever held 64 MB more than before its first case; 1 otherwise.
A case is known by seed, parser and number: `--parser feed --case 17` repeats one.
"""

import argparse
import contextlib
import faulthandler
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from tests.fuzz.bodies import Bodies, load
from tests.fuzz.mutations import CONTENT_TYPES, case
from tracker.errors import ParseError
from tracker.model.format_definition import BodyKind, FormatDefinition
from tracker.model.page import Snapshot
from tracker.parse import FORMAT_NAMES, read
from tracker.parse.custom import custom_format

#: What `tracker.parse.read` is asked for: every format by name, and whatever the answer looks like.
#: Behind those, formats that a catalogue defines, one for each kind of body.
OWN: Final = {
    definition.name: custom_format(definition)
    for definition in (
        FormatDefinition(
            name="own-json",
            kind=BodyKind.JSON,
            incidents="[incidents, scheduled_maintenances][]",
            id="id",
            title="name || title",
            state="status",
            updates="incident_updates[] || updates[]",
            update_text="body",
            update_time="created_at",
            components="components[].name",
            component_list="[components][]",
            component_name="name",
            component_state="status",
        ),
        FormatDefinition(
            name="own-xml",
            kind=BodyKind.XML,
            always="//*",
            # Each path is one that is read in this process: a process for each case would take a quarter of a second.
            incidents="//*[title]",
            title="title",
            text="description | content",
            time="pubDate | updated",
            link="link/@href",
            only_open=True,
        ),
        FormatDefinition(
            name="own-html",
            kind=BodyKind.HTML,
            always="*",
            incidents="item, entry, article, div",
            title="title, h3, p:nth-child(2)",
            state="::attr(class)",
            text="p, description, summary ~ *",
            link="a::attr(href)",
        ),
    )
}
PARSERS: Final = (*FORMAT_NAMES, "auto", *OWN)
#: Whose answers those would read.
READS: Final = {"own-json": "statuspage", "own-xml": "feed", "own-html": "feed"}
URL: Final = "https://status.acme.example/"
#: Processor time that one case may take.
MOST_SECONDS: Final = 1.0
#: Memory that a process may take for any of its cases.
MOST_MEMORY: Final = 64 * 1024 * 1024
#: A case that hangs ends the process with a traceback that shows where.
_HANGS_S: Final = 120


@dataclass(slots=True)
class Outcomes:
    """What became of the cases of one parser."""

    parser: str
    cases: int = 0
    refused: int = 0
    read: int = 0
    slowest_s: float = 0.0
    slowest_case: int = -1
    #: Memory that the process held at most while it read, beyond what it held before the first case.
    grown_bytes: int = 0
    largest_case: int = -1
    #: Number of the case, what came out of it, and the answer itself.
    failures: list[tuple[int, str, bytes]] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Tell whether all is as it should be."""
        return not self.failures and self.slowest_s < MOST_SECONDS and self.grown_bytes < MOST_MEMORY


@dataclass(frozen=True, slots=True)
class BrokenAnswer:
    """One case."""

    body: bytes
    content_type: str | None


def broken_answer(bodies: Bodies, parser: str, seed: int, number: int) -> BrokenAnswer:
    """Return one case, always the same for the same arguments."""
    chance = random.Random(f"{seed}/{parser}/{number}")
    return BrokenAnswer(case(bodies, READS.get(parser, parser), chance), chance.choice(CONTENT_TYPES))


def try_out(parser: str, number: int, answer: BrokenAnswer, counts: Outcomes) -> None:
    """Give one broken answer to a parser and count what came of it."""
    counts.cases += 1
    began = time.process_time()
    try:
        _read(parser, answer)
        counts.read += 1
    except ParseError:
        counts.refused += 1
    except Exception as error:  # noqa: BLE001  whatever it is, it is what we look for
        counts.failures.append((number, f"{type(error).__name__}: {error}"[:200], answer.body))
    seconds = time.process_time() - began
    if seconds > counts.slowest_s:
        counts.slowest_s, counts.slowest_case = seconds, number


def fuzz(parser: str, seed: int, cases: int) -> Outcomes:
    """Give that many broken answers to one parser."""
    bodies = load()
    counts = Outcomes(parser)
    with contextlib.suppress(ParseError):  # what is built once, at the first answer, is no case's
        _read(parser, BrokenAnswer(bodies.raw[0], None))
    _forget_peak()
    before = _peak()
    for number in range(cases):
        if number % 100 == 0:
            faulthandler.dump_traceback_later(_HANGS_S, exit=True)
        answer = broken_answer(bodies, parser, seed, number)
        _forget_peak()
        try_out(parser, number, answer, counts)
        grown = _peak() - before
        if grown > counts.grown_bytes:
            counts.grown_bytes, counts.largest_case = grown, number
    faulthandler.cancel_dump_traceback_later()
    return counts


def _read(parser: str, answer: BrokenAnswer) -> Snapshot:
    if parser in OWN:
        snapshot = OWN[parser].read(answer.body, URL, answer.content_type)
    else:
        snapshot = read(answer.body, format=parser, url=URL, content_type=answer.content_type)
    msgspec.json.encode(snapshot)  # what was read must be fit for the store
    return snapshot


def _forget_peak() -> None:
    """Have the peak of this process's memory begin with now, where the system can (Linux; proc(5), clear_refs)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> int:
    """Return the most memory that this process has held, in bytes."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def main() -> int:
    """Run the cases and print the table."""
    options = _options()
    if options.case is not None:
        return _repeat(options)
    # Each parser has a process that began anew, so that what it grew by is its own.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context, max_tasks_per_child=1) as pool:
        parsers = [options.parser] if options.parser else PARSERS
        waiting = [pool.submit(fuzz, parser, options.seed, options.cases) for parser in parsers]
        tallies = [future.result() for future in waiting]
    _report(options.seed, tallies)
    return 0 if all(counts.passed for counts in tallies) else 1


def _report(seed: int, tallies: list[Outcomes]) -> None:
    say = sys.stdout.write
    say(f"seed {seed}\n")
    say(f"{'parser':<12}{'cases':>9}{'ParseErrors':>13}{'read':>9}{'failures':>10}{'slowest ms':>12}{'grown MB':>10}\n")
    for counts in tallies:
        say(
            f"{counts.parser:<12}{counts.cases:>9}{counts.refused:>13}{counts.read:>9}{len(counts.failures):>10}"
            f"{counts.slowest_s * 1e3:>12.0f}{counts.grown_bytes / 2**20:>10.1f}\n"
        )
    for counts in tallies:
        if counts.slowest_s >= MOST_SECONDS:
            say(f"too slow: --parser {counts.parser} --case {counts.slowest_case}\n")
        if counts.grown_bytes >= MOST_MEMORY:
            say(f"too large: --parser {counts.parser} --case {counts.largest_case}\n")
        for number, what, body in counts.failures[:10]:
            with tempfile.NamedTemporaryFile(prefix=f"fuzz-{counts.parser}-{number}-", delete=False) as kept:
                kept.write(body)
            say(f"--parser {counts.parser} --case {number}: {what} ({kept.name})\n")
    say("passed\n" if all(counts.passed for counts in tallies) else "FAILED\n")


def _repeat(options: argparse.Namespace) -> int:
    """Run one case without catching what comes out of it, and keep its answer."""
    parser = options.parser or PARSERS[0]
    answer = broken_answer(load(), parser, options.seed, options.case)
    path = Path(tempfile.gettempdir()) / f"fuzz-{parser}-{options.case}"
    path.write_bytes(answer.body)
    sys.stdout.write(f"{path}: {len(answer.body)} bytes\n")
    began = time.process_time()
    try:
        sys.stdout.write(f"{_read(parser, answer)}\n")
    except ParseError as error:
        sys.stdout.write(f"ParseError: {error}\n")
    sys.stdout.write(f"{(time.process_time() - began) * 1e3:.0f} ms\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=100_000, help="per parser")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parser", choices=PARSERS, help="only this one")
    parser.add_argument("--case", type=int, help="repeat one case")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
