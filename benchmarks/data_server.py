"""What one quiet check asks of the data server: commands, network, append-only file, processor time.

    python -m benchmarks.data_server [--pages 200] [--interval 5] [--seconds 40]

The share of each command and the bytes do not depend on the machine; the processor time does.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import redis

from benchmarks.processes import free_port
from benchmarks.results import keep
from benchmarks.table import show
from tests.data_server import DataServer

SUMMARY = json.dumps(
    {
        "page": {"id": "bench", "name": "Bench", "url": "http://bench.invalid", "updated_at": "2026-01-01T00:00:00Z"},
        "components": [],
        "incidents": [],
        "scheduled_maintenances": [],
        "status": {"indicator": "none", "description": "All Systems Operational"},
    }
).encode()


class _Quiet(BaseHTTPRequestHandler):
    """A page that never changes."""

    protocol_version = "HTTP/1.1"
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        known = bool(self.headers["If-None-Match"])
        self.send_response(304 if known else 200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", "0" if known else str(len(SUMMARY)))
        self.end_headers()
        if not known:
            self.wfile.write(SUMMARY)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="tracker-bench-") as folder, _origin() as port:
        directory = Path(folder)
        (directory / "server").mkdir()
        with DataServer(directory / "server", free_port()) as server, _tracker(directory, server.url, port, options):
            client = redis.Redis(port=server.port, decode_responses=True)
            client.config_set("appendfsync", "everysec")  # as where it is used; tests want every write on disk
            time.sleep(3 * options.interval)
            before = _snapshot(client)
            time.sleep(options.seconds)
            after = _snapshot(client)
    name = f"data_server/{options.pages} pages, {options.interval} s"
    show(name, keep(name, vars(options), _figures(before, after)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="data_server", description="Measure the data server's part of a check.")
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--interval", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=40)
    return parser.parse_args()


class _Server(ThreadingHTTPServer):
    #: With the usual five, the system drops connections when all pages are read for the first time.
    request_queue_size = 256


@contextmanager
def _origin() -> Iterator[int]:
    server = _Server(("127.0.0.1", 0), _Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


@contextmanager
def _tracker(directory: Path, redis_url: str, port: int, options: argparse.Namespace) -> Iterator[None]:
    providers = directory / "providers.toml"
    pages = [f"[defaults]\ninterval = {options.interval}\nallow_private = true\n"]
    pages += [
        f'[[provider]]\nname = "p{number}"\nurl = "http://127.0.0.1:{port}/p{number}/api/v2/summary.json"\n'
        for number in range(options.pages)
    ]
    providers.write_text("\n".join(pages))
    command = [sys.executable, "-m", "tracker", "up", "--providers", str(providers), "--data-dir", str(directory / "d")]
    environ = {"REDIS_URL": redis_url, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[1])}
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _snapshot(client: "redis.Redis") -> dict[str, float]:
    stats = {
        f"calls of {name.removeprefix('cmdstat_')}": float(it["calls"])
        for name, it in client.info("commandstats").items()
    }
    about = client.info()
    return stats | {
        "checks": float(_Quiet.asked),
        "bytes received": float(about["total_net_input_bytes"]),
        "bytes sent": float(about["total_net_output_bytes"]),
        "bytes of the append-only file": float(about["aof_current_size"]),
        "CPU µs": 1e6 * (about["used_cpu_user"] + about["used_cpu_sys"]),
    }


def _figures(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Return what a check takes, the most first; what happens with fewer than one in a hundred is left out."""
    spent = {name: value - before.get(name, 0.0) for name, value in after.items()}
    checks = spent.pop("checks")
    each = {name: round(value / checks, 2) for name, value in sorted(spent.items(), key=lambda it: -it[1])}
    return {"checks": round(checks), **{name: value for name, value in each.items() if value}}


if __name__ == "__main__":
    main()
