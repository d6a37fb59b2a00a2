"""Measure search on golden sets over real repositories, and what each retriever brings.

    python -m appliance.local.bench_retrieval FOLDER [--natural golden/natural.jsonl] [--learn]
        [--go-on] [--embedding static|minilm] [--most QUESTIONS]

FOLDER holds NAME.bundle (or NAME.git) and queries/NAME.jsonl: commit messages with the files that
the commits changed, and as `base` the commit to index, which is before all of them. All of them become
sources of one index in a PostgreSQL of its own; no question names its source. With --learn the order
is learned from the commits before each base first, and used if it wins as every night. With --go-on
everything is measured a second time after the static model has gone on learning from those commits,
whether it wins or not. The tables are printed; the last line of output is JSON.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from appliance.local.bench_corpus import database, set_up

if TYPE_CHECKING:
    from indexer.evaluation.golden import GoldenQuestion
    from indexer.evaluation.measures import Measures
    from indexer.scope import Scope

console = Console(stderr=True)
ROOT = Path(__file__).parents[2]
Table = dict[str, dict[str, object]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--natural", type=Path, default=ROOT / "golden/natural.jsonl")
    parser.add_argument("--learn", action="store_true")
    parser.add_argument("--go-on", action="store_true", help="static model: learn, measure again")
    parser.add_argument("--embedding", choices=("static", "minilm"), default="static")
    parser.add_argument("--most", type=int, default=0, help="of each set; 0: all")
    options = parser.parse_args()
    sets = {path.stem: path for path in sorted((options.folder / "queries").glob("*.jsonl"))}
    if not sets:
        raise SystemExit(f"{options.folder}/queries holds no sets of questions (NAME.jsonl).")
    os.environ["PLUMBLINE_EMBEDDING"] = options.embedding
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        home = Path(name)
        home.chmod(0o755)
        clones = {source: _clone(home, options.folder, path) for source, path in sets.items()}
        with database(home):
            set_up(home)
            logging.getLogger("indexer").setLevel(logging.ERROR)
            result = _measured(clones, sets, options)
    sys.stdout.write(json.dumps(result) + "\n")


def _clone(home: Path, folder: Path, questions: Path) -> Path:
    """Return a bare copy whose default branch ends at the base of the questions."""
    name = questions.stem
    with questions.open(encoding="utf-8") as lines:
        base = str(json.loads(lines.readline())["base"])
    found = [one for one in (folder / f"{name}.bundle", folder / f"{name}.git") if one.exists()]
    if not found:
        raise SystemExit(f"{folder} holds neither {name}.bundle nor {name}.git.")
    clone = home / f"{name}.git"
    subprocess.run(
        ["git", "clone", "--quiet", "--bare", str(found[0].resolve()), str(clone)], check=True
    )
    git = ["git", f"--git-dir={clone}"]
    branch = subprocess.run(
        [*git, "symbolic-ref", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    subprocess.run([*git, "update-ref", branch, base], check=True)
    return clone


def _measured(
    clones: dict[str, Path], sets: dict[str, Path], options: argparse.Namespace
) -> dict[str, object]:
    from appliance.sources.access import operator_scope
    from indexer.evaluation.golden import read_golden
    from indexer.ranking.learning import learn

    for name, clone in clones.items():
        console.print(f"Indexing {name} ...")
        _index(name, clone)
    scope = operator_scope()
    learned = None
    if options.learn:
        console.print("Learning the order from history ...")
        ranking = learn(scope)
        learned = ranking.figures if ranking else None
    most = options.most or None
    commits = [one for path in sets.values() for one in read_golden(path)[:most]]
    natural = [one for one in read_golden(options.natural) if one.source in sets][:most]
    by_set = {name: read_golden(path)[:most] for name, path in sets.items()}

    def measured() -> dict[str, object]:
        return {
            "sets": _by_set(by_set, scope),
            "commits": _by_leg("commit messages", commits, scope),
            "natural": _by_leg("natural questions", natural, scope) if natural else {},
        }

    result = {"sources": len(clones), "learned": learned, **measured()}
    if options.go_on:
        result["gone_on"] = {"figures": _go_on(scope), **measured()}
    return result


def _go_on(scope: Scope) -> dict[str, object]:
    """Search with what the static model learns from the sources' commits; return its figures."""
    from indexer.continuing import learn
    from indexer.evaluation.takeover import use_embedding
    from indexer.ingestion import jobs
    from indexer.ingestion.embed import embed
    from indexer.models import Job, Source

    console.print("Learning words from history ...")
    learned = learn(scope)
    if learned is None or not learned.figures["won"]:
        return {"won": False, **(learned.figures if learned else {})}
    for source in Source.objects.filter(pk__in=scope.source_ids):
        embed(jobs.claim(jobs.enqueue(source, Job.Kind.EMBED).pk))
    use_embedding(learned.name, scope=scope, by="the benchmark", override="to be measured")
    return dict(learned.figures)


def _index(name: str, clone: Path) -> None:
    """Sync a source and embed it, as workers would."""
    from appliance.sources.managing import connect
    from indexer.ingestion import jobs
    from indexer.ingestion.embed import embed
    from indexer.ingestion.sync import WatchedHeartbeat, sync
    from indexer.models import Job

    source = connect(str(clone), name=name, from_command_line=True)
    job = jobs.claim(jobs.enqueue(source).pk)
    sync(job, WatchedHeartbeat(job, None))
    embed(jobs.claim(jobs.enqueue(source, Job.Kind.EMBED).pk))


def _by_set(by_set: dict[str, list[GoldenQuestion]], scope: Scope) -> Table:
    from indexer.evaluation.run import answer_all, measure

    table: Table = {}
    for name, questions in by_set.items():
        table[name] = _told(name, measure(list(answer_all(questions, scope=scope))))
    return table


def _by_leg(title: str, questions: Sequence[GoldenQuestion], scope: Scope) -> Table:
    from indexer.evaluation.legs import measured_by_leg

    console.print(f"{len(questions)} {title}, with each retriever left out ...")
    sys.stdout.write(f"\n{title} ({len(questions)})\n")
    return {name: _told(name, of_all) for name, of_all in measured_by_leg(questions, scope=scope)}


def _told(name: str, measures: Measures) -> dict[str, object]:
    figures = measures.to_json()
    row = "  ".join(f"{measure} {value}" for measure, value in figures.items())
    sys.stdout.write(f"{name:<24}{row}\n")
    sys.stdout.flush()
    return figures


if __name__ == "__main__":
    main()
