"""Run the checks over the whole repository; exit status 1 if anything is found."""

import sys
from pathlib import Path

from tests.documents import links, names, paths, tables, words

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Print every finding as `file:line: what is wrong`."""
    findings = [finding for check in (links, names, paths, tables, words) for finding in check.findings(ROOT)]
    for finding in findings:
        print(finding)  # noqa: T201
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
