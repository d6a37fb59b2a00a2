"""Golden questions for whole answers: which lines answer them, and what an answer must contain."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from indexer.evaluation.golden import GoldenQuestion, GoldenSetInvalid, numbered_questions


@dataclass(frozen=True, slots=True)
class AnswerQuestion:
    """A question with what a good answer to it holds."""

    golden: GoldenQuestion
    # Each is a choice of texts of which one must stand in the answer.
    facts: tuple[tuple[str, ...], ...] = ()
    is_answerable: bool = True  # else "not found" is the right answer
    ref: str = ""


def read_questions(path: Path) -> list[AnswerQuestion]:
    """Read JSON lines; raise GoldenSetInvalid with the line that is wrong.

    As golden questions have it, and further `"facts": ["text", ["this", "or this"]]`,
    `"answerable": false` and `"ref"`. `gold` may be left out.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise GoldenSetInvalid(f"{path}: {exc}") from exc
    return [
        _question(line, f"{path}, line {number}")
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]


def _question(line: str, where: str) -> AnswerQuestion:
    try:
        entry = json.loads(line)
        golden = (
            _with_gold(entry, where)
            if entry.get("gold")
            else GoldenQuestion(
                str(entry["id"]), str(entry["query"]), entry.get("source") or None, ()
            )
        )
        return AnswerQuestion(
            golden,
            facts=tuple(_fact(fact) for fact in entry.get("facts", ())),
            is_answerable=entry.get("answerable", True) is not False,
            ref=str(entry.get("ref", "")),
        )
    except GoldenSetInvalid:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise GoldenSetInvalid(
            f'{where}: write {{"id": ..., "query": ..., "gold": [...], "facts": [...]}} ({exc})'
        ) from exc


def _with_gold(entry: dict[str, object], where: str) -> GoldenQuestion:
    [(_, golden)] = numbered_questions(json.dumps(entry).encode(), name=where)
    return golden


def _fact(fact: object) -> tuple[str, ...]:
    choices = [fact] if isinstance(fact, str) else fact
    if not isinstance(choices, Iterable):
        raise ValueError("a fact is a text or a list of texts")
    texts = tuple(str(choice) for choice in choices)
    if not texts or not all(text.strip() for text in texts):
        raise ValueError("a fact is a text or a list of texts")
    return texts
