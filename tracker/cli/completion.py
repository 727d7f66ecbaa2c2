"""`tracker completion`: the script with which a shell completes words."""

from typing import Final

import click
from click.shell_completion import get_completion_class

from tracker.errors import ConfigError

SHELLS: Final = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script with which a shell completes tracker's commands.

    \b
    Example:
      tracker completion bash > ~/.local/share/bash-completion/completions/tracker
      tracker completion zsh > ~/.zfunc/_tracker      (with fpath+=~/.zfunc before compinit)
      tracker completion fish > ~/.config/fish/completions/tracker.fish
    """
    from tracker.cli import cli  # noqa: PLC0415  the group that this command is in

    known = get_completion_class(shell)
    if known is None:
        raise ConfigError(f"completion for {shell} is not known; choose {', '.join(SHELLS)}")
    click.echo(known(cli, {}, "tracker", "_TRACKER_COMPLETE").source())
