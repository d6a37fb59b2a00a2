"""What one action came to: the words for the reader, and the places for the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.conversations.answering.steps import FoundLines, Kind
from indexer.retrieval.locating import LocatedDocument

NAMED_FILES = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    kind: Kind
    title: str
    detail: str
    found: tuple[FoundLines, ...] = ()
    # A document that its words name, or tell of: whoever may not read it sees none of them.
    about: LocatedDocument | None = None

    @property
    def places(self) -> tuple[tuple[int, str], ...]:
        """Return the source and path of all that it rests on."""
        about = [(self.about.source_id, self.about.path)] if self.about else []
        return tuple(dict.fromkeys([*about, *(lines.place for lines in self.found)]))


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
