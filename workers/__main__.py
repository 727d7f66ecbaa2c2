"""Start a worker or beat: `python -m workers worker|beat`, with the options of `celery -q -A workers.app`.

Celery's own command loads Flower and a shell for each process: 13 MB that neither a worker nor beat needs.
"""

import click
from celery.bin.base import CLIContext
from celery.bin.beat import beat
from celery.bin.worker import worker

from workers.application import app


@click.group(commands=[beat, worker])
@click.pass_context
def main(context: click.Context) -> None:
    """Start one process of the tracker."""
    context.obj = CLIContext(app=app, no_color=False, workdir=None, quiet=True)


if __name__ == "__main__":
    main(prog_name="python -m workers")
