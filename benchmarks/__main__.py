"""`python -m benchmarks [NAME [options]]`: one measurement, or all of them in a small size."""

import importlib
import signal
import sys
from importlib.util import find_spec
from typing import Final

#: What there is, and the options with which all of them take half an hour.
SUITE: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "sustained": (("--pages", "3000", "--minutes", "1", "--changes", "40"),),
    "hanging": (("--minutes", "2"),),
    "throughput": (
        ("--components", "10", "--workers", "1,2"),
        ("--tls", "--pages", "4000", "--components", "10", "--workers", "2", "--latencies", "0"),
    ),
    "peers": ((),),
    "scheduler": ((),),
    "million": (("--providers", "100000"),),
}
_MODULES: Final = {"peers": "benchmarks.peers.run"}


def main() -> None:
    # With the signal as an exception everything that was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments = sys.argv[1:]
    known = [name for name in SUITE if find_spec(_module(name))]
    if arguments and arguments[0] not in known:
        sys.exit(f"usage: python -m benchmarks [NAME [--help | options]]\nthere is: {', '.join(known)}")
    try:
        if arguments:
            _run(arguments[0], arguments[1:])
        else:
            for name in known:
                for options in SUITE[name]:
                    _run(name, list(options))
    except KeyboardInterrupt:
        sys.exit(130)


def _run(name: str, options: list[str]) -> None:
    print(f"== {name} {' '.join(options)}", flush=True)
    sys.argv = [name, *options]
    importlib.import_module(_module(name)).main()


def _module(name: str) -> str:
    return _MODULES.get(name, f"benchmarks.{name}")


if __name__ == "__main__":
    main()
