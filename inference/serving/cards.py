"""How full the memory of this machine's cards is, as their driver tells."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

ASKED = ("--query-gpu=name,memory.used,memory.total", "--format=csv,noheader,nounits")
TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class Card:
    name: str
    used_mib: int
    total_mib: int


def read_cards() -> list[Card]:
    """Return the cards; none where there is no driver, or when it does not answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        told = subprocess.run(  # noqa: S603 - a fixed command
            [program, *ASKED], capture_output=True, text=True, timeout=TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [card for line in told.stdout.splitlines() if (card := _card(line))]


def _card(line: str) -> Card | None:
    parts = [part.strip() for part in line.rsplit(",", 2)]
    try:
        name, used, total = parts
        return Card(name, int(used), int(total))
    except ValueError:  # "[N/A]" on cards that share the machine's memory
        return None
