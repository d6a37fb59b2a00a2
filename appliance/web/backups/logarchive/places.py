"""How the archive's files are named, and what of them must stay.

bases/2026-03-01T023000-00000001000000000000002C.gz.age    a copy of the whole, and where its log begins
log/00000001000000000000002C.gz.age                        16 MB of the log
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance.web.backups.logarchive.sealing import plain_name

BASES, LOG = "bases", "log"
BASE = re.compile(r"(\d{4}-\d\d-\d\dT\d{6})-([0-9A-F]{24})\.gz(\.age)?")
PIECE = re.compile(r"[0-9A-F]{24}|[0-9A-F]{8}\.history")
MOMENT = "%Y-%m-%dT%H%M%S"
PIECE_BYTES = 16 * 1024 * 1024  # PostgreSQL's own size, unless a cluster was made otherwise
KEPT_BASES = 2


@dataclass(frozen=True, slots=True)
class Base:
    """A copy of the whole database, as it was at its moment once its log is played to there."""

    at: datetime
    first_piece: str
    file: Path

    @property
    def timeline(self) -> int:
        return int(self.first_piece[:8], 16)


def base_name(at: datetime, first_piece: str) -> str:
    return f"{at.astimezone(UTC):{MOMENT}}-{first_piece}"


def bases_in(folder: Path) -> list[Base]:
    """Return the copies of an archive, oldest first."""
    found = (_base(path) for path in sorted((folder / BASES).glob("*")))
    return [base for base in found if base is not None]


def _base(path: Path) -> Base | None:
    """Return what a file is by its name; one with a name that we never give is nobody's business."""
    named = BASE.fullmatch(path.name)
    try:
        at = datetime.strptime(named[1], MOMENT).replace(tzinfo=UTC) if named else None
    except ValueError:
        return None
    return Base(at, named[2], path) if named and at else None


def log_in(folder: Path) -> list[Path]:
    """Return the files of the log, in their order."""
    return sorted(path for path in (folder / LOG).glob("*") if PIECE.fullmatch(plain_name(path)))


def piece_at(timeline: int, position: str) -> str:
    """Return the name of the piece that a position of the log, such as 0/2C000028, lies in."""
    high, low = (int(part, 16) for part in position.split("/"))
    return f"{timeline:08X}{high:08X}{low // PIECE_BYTES:08X}"


def is_needed(piece: str, first_piece: str) -> bool:
    """Say whether a copy that begins with first_piece needs this piece; on any timeline after it."""
    return piece.endswith(".history") or piece[8:] >= first_piece[8:]


def prune(folder: Path, *, kept_bases: int = KEPT_BASES) -> list[Path]:
    """Remove all but the newest copies, and the log that no copy needs any more; return what went."""
    bases = bases_in(folder)
    if not bases:
        return []
    gone = [base.file for base in bases[:-kept_bases]]
    first = bases[-kept_bases:][0].first_piece
    gone += [path for path in log_in(folder) if not is_needed(plain_name(path), first)]
    for path in gone:
        path.unlink()
    return gone
