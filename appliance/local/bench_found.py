"""Measure the rule that decides between an answer and "not found": how often is it right?

    python -m appliance.local.bench_found FOLDER [--golden FILE...] [--embedding static] [--lines FILE]

FOLDER holds a bundle or a clone of each repository of the golden sets (flask.bundle, or flask); each is
indexed at the commit that the set names, in a PostgreSQL of its own in a temporary folder. Every question is
searched as every mode does it first, no model is asked. Lines of a set that say `"answerable": false`
should be refused, all others answered. With --lines what came of each question is written to a file.
The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from appliance.local.bench_corpus import database
from appliance.local.golden_corpora import Line, index, lines_of

console = Console(stderr=True)
SETS = (Path("golden/answerable.jsonl"), Path("golden/natural-validation.jsonl"))


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a set, and what the rule said."""

    id: str
    kind: str
    answerable: bool
    basis: str  # empty: refused
    similarity: float

    @property
    def is_right(self) -> bool:
        return bool(self.basis) == self.answerable


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--golden", nargs="+", type=Path, default=SETS)
    parser.add_argument("--embedding", choices=["static", "minilm"], default="static")
    parser.add_argument("--lines", type=Path)
    options = parser.parse_args()
    questions = lines_of(options.golden)
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        home = Path(name)
        home.chmod(0o755)
        with database(home):
            os.environ["PLUMBLINE_EMBEDDING"] = options.embedding
            index(home, options.folder, questions)
            asked = _asked(questions)
    if options.lines:
        options.lines.write_text("".join(json.dumps(asdict(one)) + "\n" for one in asked), "utf-8")
    console.print(_table(asked))
    sys.stdout.write(json.dumps(told(asked) | {"embedding": options.embedding}) + "\n")


def _asked(questions: Sequence[Line]) -> list[Asked]:
    from appliance.conversations.answering.events import Question
    from appliance.conversations.answering.found import basis_of
    from appliance.conversations.answering.once import HITS
    from appliance.conversations.answering.searching import search_for
    from appliance.sources.access import operator_scope

    asked = []
    for line in questions:
        query = str(line["query"])
        question = Question(query, operator_scope())
        result = search_for(query, question.scope, source_names=(), ref="", limit=HITS)
        basis = basis_of(question, query, result)
        asked.append(
            Asked(
                id=str(line["id"]),
                kind=f"{line['set']}: {line['kind']}",
                answerable=line.get("answerable", True) is not False,
                basis=basis.value if basis else "",
                similarity=round(result.best_similarity, 4),
            )
        )
    return asked


def told(asked: Sequence[Asked]) -> dict[str, object]:
    """Return the figures: what is answered and refused rightly, and on which basis."""
    answerable = [one for one in asked if one.answerable]
    others = [one for one in asked if not one.answerable]
    return {
        "answerable": len(answerable),
        "answered": sum(one.is_right for one in answerable),
        "unanswerable": len(others),
        "refused": sum(one.is_right for one in others),
        "bases_right": dict(Counter(one.basis for one in answerable if one.basis)),
        "bases_wrong": dict(Counter(one.basis for one in others if one.basis)),
        "wrong": [one.id for one in asked if not one.is_right],
    }


def _table(asked: Sequence[Asked]) -> Table:
    table = Table("questions", "answerable", "right", "of")
    for kind, answerable in dict.fromkeys((one.kind, one.answerable) for one in asked):
        some = [one for one in asked if (one.kind, one.answerable) == (kind, answerable)]
        right = str(sum(one.is_right for one in some))
        table.add_row(kind, "yes" if answerable else "no", right, str(len(some)))
    return table


if __name__ == "__main__":
    main()
