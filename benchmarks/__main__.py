"""`python -m benchmarks [NAME [options] | --full]`: one measurement, or all of them, in small or in full size.

All of them together begin with empty results and end by writing the tables of the documents.
"""

import importlib
import signal
import sys
from pathlib import Path
from typing import Final

from benchmarks import capacity, table
from benchmarks.results import PATH, load

Runs = dict[str, tuple[str, ...]]

#: What there is, and the options with which all of it takes half an hour.
SMALL: Final[Runs] = {
    "sustained": ("--pages 3000 --minutes 1 --changes 40", "--tls --pages 600 --minutes 1 --changes 10"),
    "hanging": ("--minutes 1.5",),
    "throughput": (
        "--components 10 --workers 1,2",
        "--tls --pages 4000 --components 10 --workers 1,2 --latencies 0",
    ),
    "peers": ("--rounds 3",),
    "scheduler": ("",),
    "million": ("--providers 100000",),
    "data_server": ("",),
    "parsers": ("",),
}
#: The same for the figures of the documents: an hour and a half.
FULL: Final[Runs] = SMALL | {
    "sustained": (
        "--pages 3000 --minutes 4 --components 10",
        "--pages 10000 --minutes 10 --components 10",
        "--pages 60000 --minutes 10 --components 10",
        "--tls --pages 600 --minutes 2 --changes 10 --components 10",
    ),
    "hanging": (
        "--minutes 3 --shares 50",
        "--pages 6000 --interval 60 --minutes 3 --shares 90",
        "--pages 6000 --interval 60 --minutes 3 --shares 90 --concurrency 1000",
    ),
    "peers": ("",),
    "million": ("",),
}
#: Where a measurement is, if not in the module of its name.
MODULES: Final = {"peers": "benchmarks.peers.run"}
_DOCS: Final = Path(__file__).parents[1] / "docs"


def main() -> None:
    # With the signal as an exception everything that was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments = sys.argv[1:]
    if arguments and arguments[0] not in {*SMALL, "--full"}:
        sys.exit(f"usage: python -m benchmarks [NAME [--help | options] | --full]\nthere is: {', '.join(SMALL)}")
    try:
        if arguments and arguments[0] in SMALL:
            _run(arguments[0], arguments[1:])
        else:
            PATH.unlink(missing_ok=True)  # what is measured no longer is not kept
            for name, runs in (FULL if arguments else SMALL).items():
                for options in runs:
                    _run(name, options.split())
            _write_documents()
    except KeyboardInterrupt:
        sys.exit(130)


def _run(name: str, options: list[str]) -> None:
    print(f"== {name} {' '.join(options)}", flush=True)
    sys.argv = [name, *options]
    importlib.import_module(MODULES.get(name, f"benchmarks.{name}")).main()


def _write_documents() -> None:
    results = load(PATH)
    for name, written_into in (("performance.md", table.written_into), ("capacity.md", capacity.written_into)):
        document = _DOCS / name
        document.write_text(written_into(document.read_text(encoding="utf-8"), results), encoding="utf-8")


if __name__ == "__main__":
    main()
