"""Golden questions: what was asked, and which files (and lines) answer it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
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


def read_golden(path: Path) -> list[GoldenQuestion]:
    """Read a file of JSON lines; raise GoldenSetInvalid with the line that is wrong."""
    try:
        # Not splitlines(): JSON strings may hold U+2028 and its like as they are.
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise GoldenSetInvalid(f"{path}: {exc}") from exc
    return list(_questions(path, lines))


def _questions(path: Path, lines: list[str]) -> Iterator[GoldenQuestion]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _question(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
            raise GoldenSetInvalid(
                f"{path}, line {number}: write "
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
