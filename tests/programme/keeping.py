"""What earlier runs of a gate observed: a report may be made in parts, and an interrupted one goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.programme.reporting import GOOD, Observed, Verdict, not_run
from tests.programme.rows import Row

REST = "rest"


def read_kept(path: Path) -> dict[str, Observed]:
    """Return what stands in the last report, by the name of the row; nothing when there is none."""
    if not path.exists():
        return {}
    rows = json.loads(path.read_text("utf-8"))["rows"]
    return {row["name"]: Observed(**row | {"verdict": Verdict(row["verdict"])}) for row in rows}


def choose(rows: Sequence[Row], wanted: Sequence[str], kept: Mapping[str, Observed]) -> list[Row]:
    """Return the rows to run: those named (a letter stands for its part), or what is still to do."""
    if not wanted:
        return list(rows)
    if list(wanted) == [REST]:
        return [row for row in rows if row.name not in kept or kept[row.name].verdict not in GOOD]
    return [row for row in rows if row.name in wanted or row.name[0] in wanted]


def join(
    rows: Sequence[Row], kept: Mapping[str, Observed], new: Mapping[str, Observed]
) -> tuple[Observed, ...]:
    """Return every row once: as it was just observed, else as it was before, else as not run."""
    return tuple(new.get(row.name) or kept.get(row.name) or not_run(row) for row in rows)
