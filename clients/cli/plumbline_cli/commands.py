"""The commands together, and how each of them ends."""

from __future__ import annotations

import sys

import click
from click.shell_completion import get_completion_class

from plumbline_cli import VERSION
from plumbline_cli.account import login, logout, whoami
from plumbline_cli.asking import ask
from plumbline_cli.errors import CliError
from plumbline_cli.finding import code, file, search, sources
from plumbline_cli.showing import clean

NAME = "plumbline"
SHELLS = ("bash", "zsh", "fish")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name=NAME)
def plumbline() -> None:
    """Ask about your company's code, and search it, from a terminal.

    Exit codes: 0 done, 1 nothing found, 2 wrong usage, 3 not signed in, 4 not reached, 5 refused.
    """


@plumbline.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the completion of a shell: eval "$(plumbline completion bash)"."""
    made = get_completion_class(shell)
    if made is None:
        raise CliError(f"There is no completion for {shell}.")
    click.echo(made(plumbline, {}, NAME, f"_{NAME.upper()}_COMPLETE").source())


for command in (login, logout, whoami, ask, search, code, file, sources):
    plumbline.add_command(command)


def main() -> None:
    """Run a command; what went wrong is one line on the error output."""
    try:
        plumbline(prog_name=NAME)
    except CliError as exc:
        click.echo(f"{NAME}: {clean(exc)}", err=True)
        sys.exit(exc.exit_code)
