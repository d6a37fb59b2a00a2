"""Which backups of a folder stay: the newest of each of the last days, and of each of the last weeks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from appliance.web.backups.archive import SUFFIX

NAME = re.compile(r"plumbline-(\d{4}-\d\d-\d\dT\d{6})" + re.escape(SUFFIX))


def name_at(moment: datetime) -> str:
    return f"plumbline-{moment:%Y-%m-%dT%H%M%S}{SUFFIX}"


def backups_in(folder: Path) -> list[tuple[datetime, Path]]:
    """Return the backups with names of ours, newest first; other files are nobody's business."""
    files = (path for path in folder.iterdir() if path.is_file())
    found = [(moment, path) for path in files if (moment := _moment(path)) is not None]
    return sorted(found, reverse=True)


def _moment(path: Path) -> datetime | None:
    named = NAME.fullmatch(path.name)
    try:
        return datetime.strptime(named.group(1), "%Y-%m-%dT%H%M%S") if named else None
    except ValueError:
        return None


def kept(backups: Iterable[tuple[datetime, Path]], *, daily: int, weekly: int) -> set[Path]:
    """Return those that stay; the newest always does."""
    days: dict[tuple[int, ...], Path] = {}
    weeks: dict[tuple[int, ...], Path] = {}
    for moment, path in sorted(backups, reverse=True):
        days.setdefault((moment.year, moment.month, moment.day), path)
        weeks.setdefault(tuple(moment.isocalendar()[:2]), path)
    newest = list(days.values())[:1]
    return {*newest, *list(days.values())[:daily], *list(weeks.values())[:weekly]}


def prune(folder: Path, *, daily: int, weekly: int) -> list[Path]:
    """Remove the backups that need not stay, and return them."""
    backups = backups_in(folder)
    staying = kept(backups, daily=daily, weekly=weekly)
    gone = [path for _, path in backups if path not in staying]
    for path in gone:
        path.unlink()
    return gone
