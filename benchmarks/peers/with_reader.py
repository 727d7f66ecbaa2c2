"""The feed library `reader`, which keeps feeds in SQLite: all feeds updated again and again.

python with_reader.py URLS [--concurrency 64]
"""

import argparse
import tempfile
from pathlib import Path

from reader import make_reader


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("urls", type=Path)
    parser.add_argument("--concurrency", type=int, default=64)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory, make_reader(f"{directory}/reader.sqlite") as reader:
        for url in options.urls.read_text().split():
            reader.add_feed(url)
        while True:
            reader.update_feeds(scheduled=False, workers=options.concurrency)  # all of them, now


if __name__ == "__main__":
    main()
