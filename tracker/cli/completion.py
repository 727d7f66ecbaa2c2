"""`tracker completion`: the script for a shell, and the words that it offers for arguments."""

from pathlib import Path
from typing import Any, Final

import click
from click.shell_completion import CompletionItem, FishComplete, ZshComplete, add_completion_class, get_completion_class

from tracker.errors import ConfigError, TrackerError

SHELLS: Final = ("bash", "zsh", "fish")


class Zsh(ZshComplete):
    """Completion of zsh that answers each time; click's offers nothing the second time after it was autoloaded."""

    source_template = """\
#compdef %(prog_name)s

%(complete_func)s() {
    (( $+commands[%(prog_name)s] )) || return 1
    local -a answers described bare
    local kind word about
    answers=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT - 1)) \\
        %(complete_var)s=zsh_complete %(prog_name)s)}")
    for kind word about in $answers; do
        case $kind in
            dir) _path_files -/ ;;
            file) _path_files -f ;;
            plain) [[ $about == _ ]] && bare+=("$word") || described+=("$word:$about") ;;
        esac
    done
    (( ! $#described )) || _describe -V unsorted described -U
    (( ! $#bare )) || compadd -U -V unsorted -a bare
}

# Either compinit has made this file the function of its name, or somebody reads it in.
if [[ $funcstack[1] == _%(prog_name)s ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""


class Fish(FishComplete):
    """Completion of fish that keeps whole descriptions; click's ends each one at its first comma."""

    source_template = """\
function %(complete_func)s
    set -l answers (env %(complete_var)s=fish_complete \\
        COMP_WORDS=(commandline -cp) COMP_CWORD=(commandline -t) %(prog_name)s)
    for answer in $answers
        set -l parts (string split --max 1 "," -- $answer)
        switch $parts[1]
            case dir
                __fish_complete_directories $parts[2]
            case file
                __fish_complete_path $parts[2]
            case plain
                printf "%%s\\n" $parts[2]
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""


add_completion_class(Zsh)
add_completion_class(Fish)


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that completes tracker's commands in a shell.

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


def vendors(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the presets that a shell offers for a word's beginning."""
    from tracker.catalogue.presets import completions  # noqa: PLC0415  a table of 600, for this alone

    return list(completions(incomplete))


def watched(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem[Any]]:
    """Return the watched providers that a shell offers for the beginning of an id or a name; none without a tracker."""
    from tracker.cli.options import default_data_dir  # noqa: PLC0415  which imports the catalogue
    from tracker.cli.reaching import running_catalogue  # noqa: PLC0415  the data server's library

    data_dir: Path = context.params.get("data_dir") or default_data_dir()
    try:
        known = running_catalogue(data_dir).providers()
    except TrackerError:
        return []
    begun = incomplete.casefold()
    return [
        CompletionItem(each.id, help=each.name)
        for each in known
        if each.id.casefold().startswith(begun) or (begun and each.name.casefold().startswith(begun))
    ]
