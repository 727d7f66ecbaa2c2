"""`urlwatch`, through its own classes: all jobs run again and again, with its cache in SQLite.

python with_urlwatch.py URLS [--concurrency 64]
"""

import argparse
import tempfile
from pathlib import Path

from urlwatch import worker
from urlwatch.config import BaseConfig
from urlwatch.handler import Report
from urlwatch.jobs import UrlJob
from urlwatch.main import Urlwatch
from urlwatch.storage import CacheMiniDBStorage, UrlsYaml, YamlConfigStorage


class Config(BaseConfig):  # type: ignore[misc]  # has no types
    """What its command line would set."""

    joblist = ()
    idx_set = frozenset[int]()
    tags = False
    tag_set = frozenset[str]()
    edit = False
    edit_hooks = False
    gc_cache = None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("urls", type=Path)
    parser.add_argument("--concurrency", type=int, default=64)
    options = parser.parse_args()
    worker.MAX_WORKERS = options.concurrency  # its 10 threads would be its bound on a slow origin
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        paths = [str(directory / file) for file in ("urlwatch.yaml", "urls.yaml", "cache.db", "hooks.py")]
        jobs = [UrlJob(name=f"p{number}", url=url) for number, url in enumerate(options.urls.read_text().split())]
        UrlsYaml(paths[1]).save(jobs)
        YamlConfigStorage.write_default_config(paths[0])
        storages = (YamlConfigStorage(paths[0]), CacheMiniDBStorage(paths[2]), UrlsYaml(paths[1]))
        watch = Urlwatch(Config("urlwatch", str(directory), *paths, verbose=False), *storages)
        while True:
            watch.run_jobs()
            watch.report = Report(watch)  # which would grow with every round


if __name__ == "__main__":
    main()
