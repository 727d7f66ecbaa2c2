"""The command `tracker`. Each module holds one group of commands; the work is done elsewhere.

A command is imported when it runs. Exit statuses: 0 fine; 1 a problem was found, or something failed; 2 the input is
wrong; 3 the answer is unknown; 4 the data server cannot be reached; 130 Ctrl-C.
"""

import contextlib
import os
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

from tracker import __version__
from tracker.cli.lazy import Lazy, LazyGroup
from tracker.environment.namespace import VARIABLE, key_prefix
from tracker.errors import ConfigError, ServerAway, StoreError, TrackerError

PROBLEM: Final = 1
USAGE: Final = 2
UNKNOWN: Final = 3
UNREACHABLE: Final = 4
_STDERR: Final = 2

SECTIONS: Final[Mapping[str, Mapping[str, Lazy]]] = {
    "Begin": {
        "init": Lazy("tracker.cli.init:init", "Write a providers.toml for the vendors that you name."),
        "up": Lazy(
            "tracker.cli.up:up",
            "Watch the pages: start everything on this machine, print new updates, and serve a web page.",
        ),
        "demo": Lazy(
            "tracker.cli.demo:demo",
            "Watch a simulated vendor go through an incident in about a minute; needs no network.",
        ),
    },
    "Look": {
        "status": Lazy(
            "tracker.cli.status:status",
            "Show the state of each watched page, the worst first, and the age of the data.",
        ),
        "tail": Lazy("tracker.cli.tail:tail", "Show the last updates on record, and new ones as they come."),
        "incidents": Lazy("tracker.cli.incidents:incidents", "Show incidents on record, or one with all its updates."),
        "maintenance": Lazy("tracker.cli.maintenance:maintenance", "Show maintenance that is ongoing or planned."),
        "report": Lazy(
            "tracker.cli.report:report", "Summarise a month by vendor: incidents, minutes by impact, delays."
        ),
        "alerts": Lazy("tracker.cli.alerts:alerts", "Show alerts, act on them, and explain what routes send."),
        "doctor": Lazy("tracker.cli.doctor:doctor", "Check whether the tracker does its work, and say what to do."),
    },
    "Serve": {
        "web": Lazy("tracker.cli.web:web", "Serve the page, the API and the feeds of a running tracker."),
        "mcp": Lazy("tracker.cli.mcp:mcp", "Answer an agent's questions over standard input and output (MCP)."),
        "history": Lazy("tracker.cli.history:history", "Rebuild the database that answers questions about the past."),
    },
    "Decide": {
        "gate": Lazy("tracker.cli.gate:gate", "Exit with status 1 while vendors have a problem."),
    },
    "Set up": {
        "providers": Lazy(
            "tracker.cli.providers:providers",
            "List, add and remove the pages of a running tracker; no restart is needed.",
        ),
        "ask": Lazy(
            "tracker.cli.ask:ask_command",
            "Send one read-only command to the data server and print its answer, one value a line.",
        ),
        "sinks": Lazy("tracker.cli.sinks:sinks", "Show the receivers of updates, and handle their dead letters."),
        "channels": Lazy("tracker.cli.channels:channels", "Show the channels of alerts, and test one."),
        "silence": Lazy(
            "tracker.cli.silence:silence", "Hold back new alerts for a time, with a reason; open alerts continue."
        ),
        "drill": Lazy(
            "tracker.cli.drill:drill",
            "Send a test incident to the real channels; if a step fails, name it and exit with status 1.",
        ),
        "check": Lazy(
            "tracker.cli.check:check",
            "Show how a page is read and what would be tracked; exit status 1 if it cannot be read.",
        ),
        "formats": Lazy(
            "tracker.cli.formats:formats",
            "Show the built-in formats, and try one that providers.toml defines.",
        ),
        "presets": Lazy("tracker.cli.presets:presets_command", "Check the vendors known by name against their pages."),
        "config": Lazy("tracker.cli.config:config", "Check a providers.toml before it is used."),
        "backtest": Lazy(
            "tracker.cli.backtest:backtest_command",
            "Show what filters would have reported from the past that a page still shows; the tracker need not run.",
        ),
        "completion": Lazy(
            "tracker.cli.completion:completion", "Print the script that completes tracker's commands in a shell."
        ),
    },
    "Without a running tracker": {
        "once": Lazy(
            "tracker.cli.offline:once",
            "Read each page once and show its state; exit status 1 if a page could not be read.",
        ),
        "parse": Lazy(
            "tracker.cli.offline:parse", "Read a saved answer of a status page and print its content as JSON."
        ),
        "replay": Lazy(
            "tracker.cli.offline:replay",
            "Run saved answers of one page, oldest first, through change detection; print the events as JSON lines.",
        ),
    },
}


def _choose_namespace(_context: click.Context, _option: click.Parameter, name: str | None) -> None:
    """Set the namespace before any command is imported: a process names its keys once. Raises ConfigError."""
    if name is not None:
        os.environ[VARIABLE] = name
    key_prefix(os.environ)


@click.group(
    cls=LazyGroup,
    sections=SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="tracker")
@click.option(
    "--namespace",
    is_eager=True,
    expose_value=False,
    callback=_choose_namespace,
    metavar="NAME",
    help="The namespace of this tracker, where several share a data server; the same as TRACKER_NAMESPACE.",
)
def cli() -> None:
    """Watch status pages; log every new incident update and component change, once.

    \b
    Begin with:
      tracker init openai github    write a providers.toml
      tracker up                    watch its pages
      tracker status                show their states, from another terminal
    """


def main() -> None:
    """Run the command line; an expected failure is one sentence and an exit status."""
    _open_closed()
    try:
        cli(prog_name="tracker")
    except TrackerError as error:
        _say(error)
        sys.exit(exit_status(error))
    except OSError as error:
        # Otherwise Python would try to write the rest again at exit.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        where = "the output" if error.filename is None else error.filename
        _say(f"cannot write or read {where}: {error.strerror or error}")
        sys.exit(PROBLEM)


def _open_closed() -> None:
    """Open streams that were closed before the start (`>&-`), so that no output ends in a file of the tracker."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115


def _say(sentence: object) -> None:
    with contextlib.suppress(OSError):
        words = f"tracker: {sentence}"
        if sys.stderr.isatty():
            # A terminal would break words.
            words = textwrap.fill(
                words, os.get_terminal_size(2).columns, break_long_words=False, break_on_hyphens=False
            )
        click.echo(words, err=True)


def exit_status(error: TrackerError) -> int:
    """Return the exit status that an error ends a command with."""
    if isinstance(error, ServerAway | StoreError):
        return UNREACHABLE
    return USAGE if isinstance(error, ConfigError) else PROBLEM
