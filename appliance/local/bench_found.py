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
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from appliance.local.bench_corpus import database, set_up
from appliance.local.bench_grep import cloned

console = Console(stderr=True)
SETS = (Path("golden/answerable.jsonl"), Path("golden/natural-validation.jsonl"))


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a set, and what the rule said."""

    id: str
    kind: str
    answerable: bool
    ground: str  # empty: refused
    similarity: float

    @property
    def is_right(self) -> bool:
        return bool(self.ground) == self.answerable


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--golden", nargs="+", type=Path, default=SETS)
    parser.add_argument("--embedding", choices=["static", "minilm"], default="static")
    parser.add_argument("--lines", type=Path)
    options = parser.parse_args()
    questions = [line for path in options.golden for line in _lines(path)]
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        home = Path(name)
        home.chmod(0o755)
        with database(home):
            os.environ["PLUMBLINE_EMBEDDING"] = options.embedding
            _index(home, options.folder, questions)
            asked = _asked(questions)
    if options.lines:
        options.lines.write_text("".join(json.dumps(asdict(one)) + "\n" for one in asked), "utf-8")
    console.print(_table(asked))
    sys.stdout.write(json.dumps(told(asked) | {"embedding": options.embedding}) + "\n")


def _lines(path: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [line | {"set": path.stem} for line in lines]


def _index(home: Path, folder: Path, questions: Iterable[dict[str, object]]) -> None:
    """Index each repository at the commit that its questions count in."""
    bases = {str(line["source"]): str(line["base"]) for line in questions if "base" in line}
    bundles = {name: folder / f"{name}.bundle" for name in bases}
    clones = cloned(home, [one if one.exists() else folder / n for n, one in bundles.items()])
    for name, clone in clones.items():
        for command in (
            ("update-ref", "refs/heads/measured", bases[name]),
            ("symbolic-ref", "HEAD", "refs/heads/measured"),
        ):
            subprocess.run(["git", f"--git-dir={clone}", *command], check=True)
    set_up(home)
    from appliance.sources.managing import connect
    from indexer.ingestion import jobs
    from indexer.ingestion.embed import embed
    from indexer.ingestion.sync import WatchedHeartbeat, sync
    from indexer.models import Job

    for name, clone in clones.items():
        source = connect(str(clone), name=name, from_command_line=True)
        job = jobs.claim(jobs.enqueue(source).pk)
        sync(job, WatchedHeartbeat(job, None))
        embed(jobs.claim(jobs.enqueue(source, Job.Kind.EMBED).pk))


def _asked(questions: Sequence[dict[str, object]]) -> list[Asked]:
    from appliance.conversations.answering.events import Question
    from appliance.conversations.answering.found import ground_of
    from appliance.conversations.answering.once import HITS
    from appliance.conversations.answering.searching import search_for
    from appliance.sources.access import operator_scope

    asked = []
    for line in questions:
        query = str(line["query"])
        question = Question(query, operator_scope())
        result = search_for(query, question.scope, source_names=(), ref="", limit=HITS)
        ground = ground_of(question, query, result)
        asked.append(
            Asked(
                id=str(line["id"]),
                kind=f"{line['set']}: {line['kind']}",
                answerable=line.get("answerable", True) is not False,
                ground=ground.value if ground else "",
                similarity=round(result.best_similarity, 4),
            )
        )
    return asked


def told(asked: Sequence[Asked]) -> dict[str, object]:
    """Return the figures: what is answered and refused rightly, and on which ground."""
    answerable = [one for one in asked if one.answerable]
    others = [one for one in asked if not one.answerable]
    return {
        "answerable": len(answerable),
        "answered": sum(one.is_right for one in answerable),
        "unanswerable": len(others),
        "refused": sum(one.is_right for one in others),
        "grounds_right": dict(Counter(one.ground for one in answerable if one.ground)),
        "grounds_wrong": dict(Counter(one.ground for one in others if one.ground)),
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
