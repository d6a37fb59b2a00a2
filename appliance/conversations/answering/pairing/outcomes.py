"""What one action came to: the words for the reader, and the places for the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.conversations.answering.steps import FoundLines, Kind

NAMED_FILES = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    kind: Kind
    title: str
    detail: str
    found: tuple[FoundLines, ...] = ()


def of_files(found: Sequence[FoundLines]) -> str:
    """Say how much was found: 5 passages of 3 files: a.py, b.py and 1 more."""
    paths = list(dict.fromkeys((one.source, one.path) for one in found))
    if not paths:
        return "Nothing was found."
    names = ", ".join(path for _, path in paths[:NAMED_FILES])
    more = f" and {len(paths) - NAMED_FILES} more" if len(paths) > NAMED_FILES else ""
    passages = f"{len(found)} passage{'s' * (len(found) != 1)}"
    files = f"{len(paths)} file{'s' * (len(paths) != 1)}"
    return f"{passages} of {files}: {names}{more}"
