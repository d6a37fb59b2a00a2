"""Golden questions: what was asked, and which files (and lines) answer it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from indexer.errors import IndexerError
from indexer.spans import Span


class GoldenSetInvalid(IndexerError):
    """The file of golden questions cannot be read."""


@dataclass(frozen=True, slots=True)
class Gold:
    path: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class GoldenQuestion:
    id: str
    query: str
    source: str | None  # where the gold lies; never a filter of the search
    gold: tuple[Gold, ...]
    asked_at: datetime | None = None  # of a commit: what history says from then on is not used


def read_golden(path: Path) -> list[GoldenQuestion]:
    """Read a file of JSON lines; raise GoldenSetInvalid with the line that is wrong."""
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise GoldenSetInvalid(f"{path}: {exc}") from exc
    return [question for _, question in numbered_questions(content, name=str(path))]


def numbered_questions(content: bytes, *, name: str) -> list[tuple[int, GoldenQuestion]]:
    """Read JSON lines, each question with its line number; raise GoldenSetInvalid as read_golden."""
    try:
        # Not splitlines(): JSON strings may hold U+2028 and its like as they are.
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as exc:
        raise GoldenSetInvalid(f"{name}: {exc}") from exc
    return list(_questions(name, lines))


def _questions(name: str, lines: list[str]) -> Iterator[tuple[int, GoldenQuestion]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield number, _question(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
            raise GoldenSetInvalid(
                f"{name}, line {number}: write "
                f'{{"id": ..., "query": ..., "gold": ["path", ...]}} ({exc})'
            ) from exc


def _question(entry: dict[str, object]) -> GoldenQuestion:
    gold = entry["gold"]
    if not isinstance(gold, list) or not gold:
        raise ValueError("gold must be a list with at least one path")
    source = entry.get("source") or entry.get("repo")
    return GoldenQuestion(
        id=str(entry["id"]),
        query=str(entry["query"]),
        source=str(source) if source else None,
        gold=tuple(_gold(one) for one in gold),
    )


def _gold(entry: object) -> Gold:
    if isinstance(entry, str):
        return Gold(entry)
    if isinstance(entry, dict):
        span = Span(int(entry["start"]), int(entry["end"])) if "start" in entry else None
        return Gold(str(entry["path"]), span)
    raise ValueError("each gold is a path or an object with a path")
