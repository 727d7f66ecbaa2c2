"""How fast each format is read: `python -m benchmarks parsers`, or some of them: `--formats statuspage,feed`.

The answers are those of the invented vendors that test each format (`tests/golden/parse`), or any others:
`--answers FOLDER`, with a folder for each format. An answer is read again and again for a while, as a poll does: its
format is found from its bytes, then it is read. Every format is measured, and one without an answer is an error.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import table
from benchmarks.results import keep
from tracker.errors import ParseError
from tracker.parse import FORMAT_NAMES, FORMATS, detect

GOLDEN: Final = Path(__file__).parents[1] / "tests" / "golden" / "parse"
_EXPECTED: Final = ".expected.json"
_URL: Final = "https://status.example.com"


def main() -> None:
    options = _options()
    names = options.formats.split(",") if options.formats else sorted(FORMAT_NAMES)
    if unknown := sorted(set(names) - set(FORMATS)):
        sys.exit(f"there is no format {', '.join(unknown)}")
    rows = []
    for name in names:
        bodies = answers_of(name, options.answers)
        if not bodies:
            sys.exit(f"{options.answers / name} holds no answer of {name}")
        rows.append(measured(name, bodies, options.seconds))
    is_whole = options.formats is None and options.answers == GOLDEN
    kept = {"seconds": options.seconds}
    if is_whole:
        table.show("parsers", keep("parsers", kept, rows))
    else:
        for row in rows:
            print("  ".join(f"{key} {value}" for key, value in row.items()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="parsers", description="How fast each format is read.")
    parser.add_argument("--formats", help="names, with commas; all without it")
    parser.add_argument("--answers", type=Path, default=GOLDEN, metavar="FOLDER", help="a folder for each format")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each format")
    return parser.parse_args()


def answers_of(name: str, folder: Path = GOLDEN) -> list[bytes]:
    """Return the answers of a format that can be read."""
    paths = sorted(path for path in (folder / name).glob("*") if path.is_file() and not path.name.endswith(_EXPECTED))
    return [body for body in (path.read_bytes() for path in paths) if _is_read(name, body)]


def measured(name: str, bodies: Sequence[bytes], seconds: float) -> dict[str, Any]:
    """Return what it takes to read each of the answers, as often as there is time."""
    size, rounds, began = sum(map(len, bodies)), 0, time.process_time()
    while (took := time.process_time() - began) < seconds or not rounds:
        for body in bodies:
            detect(body)
            FORMATS[name].read(body, _URL, None)
        rounds += 1
    return {
        "format": name,
        "answers": len(bodies),
        "KB": round(size / 1_000, 1),
        "MB/s": round(size * rounds / took / 1_000_000, 2),
        "ms per answer": round(took / rounds / len(bodies) * 1_000, 3),
    }


def _is_read(name: str, body: bytes) -> bool:
    try:
        FORMATS[name].read(body, _URL, None)
    except ParseError:
        return False
    return True


if __name__ == "__main__":
    main()
