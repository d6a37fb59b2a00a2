"""Running the product's own commands as steps of a start."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from appliance.local.home import ROOT

SHOWN_LINES = 15


class CommandFailed(Exception):
    """A command of the product ended with an error."""


def manage(*arguments: str, tell: Callable[[str], None] | None = None) -> str:
    """Run `manage.py` and return what it printed; each line also goes to `tell` as it comes."""
    return run([sys.executable, "manage.py", *arguments], tell=tell)


def run(command: list[str], *, tell: Callable[[str], None] | None = None) -> str:
    """Run a command in a session of its own: a Ctrl-C is ours, and we end the command."""
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            for line in process.stdout or ():
                lines.append(line.rstrip())
                if tell and line.strip():
                    tell(line.strip())
            code = process.wait()
        finally:
            process.kill()
    if code:
        named = " ".join(Path(part).name for part in command[:4])
        raise CommandFailed("\n".join([f"{named} ended with code {code}:", *lines[-SHOWN_LINES:]]))
    return "\n".join(lines)


def last_lines(file: Path, count: int = SHOWN_LINES) -> str:
    try:
        text = file.read_bytes()[-20_000:].decode("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-count:])
