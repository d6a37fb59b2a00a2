"""What somebody who knows nothing of a source may begin with, and what lies beside what they know."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from indexer.retrieval.queries import FILES_BESIDE, POPULAR_NAMES, README, Visibility, rows_of
from indexer.scope import Scope

HEADING = re.compile(r"^##\s+(.{3,60}?)\s*#*\s*$", re.MULTILINE)
PLAIN = re.compile(r"[\w ,.:()'/+-]+")
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
# What stands in every README and says nothing of this one.
USUAL = re.compile(
    r"(?i)(table of )?contents|licen[cs]e|contribut\w*|install\w*|authors?|credits|acknowledge?ments"
    r"|changelog|badges|support|(getting|get) (started|help)|requirements|usage|quick ?start"
)


@dataclass(frozen=True, slots=True)
class FileBeside:
    path: str
    is_test: bool


def headings_of(scope: Scope, source_id: int) -> list[str]:
    """Return the headings of a source's README that tell something of it, as far as it may be read."""
    rows = rows_of(README, _of_source(scope, source_id), {})
    text = FENCED.sub("", rows[0][0]) if rows else ""
    found = [match[1] for match in HEADING.finditer(text)]
    return [one for one in found if PLAIN.fullmatch(one) and not USUAL.fullmatch(one)]


def popular_names(scope: Scope, source_id: int, limit: int = 3) -> list[str]:
    """Return names that much of a source uses, from its most often changed files."""
    rows = rows_of(POPULAR_NAMES, _of_source(scope, source_id), {"limit": limit})
    return [qualified for (qualified,) in rows]


def files_beside(
    scope: Scope, source_id: int, path: str, *, ref: str = "", limit: int = 20
) -> list[FileBeside]:
    """Return what lies in the same folder as a file, its tests first."""
    place = PurePosixPath(path)
    folder = "" if str(place.parent) == "." else f"{place.parent}/"
    parameters = {
        "source_id": source_id,
        "path": path,
        "folder": folder,
        "stem": place.stem,
        "limit": limit,
    }
    rows = rows_of(FILES_BESIDE, _of_source(scope, source_id, ref), parameters)
    return [FileBeside(found, role == "test") for found, role in rows]


def _of_source(scope: Scope, source_id: int, ref: str = "") -> Visibility:
    return Visibility(scope.narrowed_to([source_id]), (ref,) if ref else ())
