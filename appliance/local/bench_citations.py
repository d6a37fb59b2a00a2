"""Measure the citation compiler: what becomes of citations, what it costs, and does any survive wrongly?

    python -m appliance.local.bench_citations BUNDLE_OR_REPOSITORY... [--answers 100] [--model URL]

Starts PostgreSQL of its own in a temporary folder, syncs the repositories, and asks about names that
they define. A scripted model answers: each answer cites rightly, with shifted lines, in the wrong
document, with a handle that was not given, and for a name that stands nowhere. With --model a real
one answers too. Every citation that survives is then checked by another way: the lines are read with
`git show COMMIT:PATH` and compared with what the page would show, and what the sentence names must
stand in them (or in the path, or in the signature line of what encloses them). The last line of
output is JSON.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from appliance.local.bench_corpus import database, set_up
from appliance.local.bench_grep import cloned
from appliance.local.scripted_answers import CitingModel, Said

if TYPE_CHECKING:
    from appliance.conversations.answering.events import Answered
    from inference.client import ChatClient

console = Console(stderr=True)
TICKED = re.compile(r"`([^`\n]+)`")
WORD = re.compile(r"[A-Za-z_]\w+")


@dataclass(slots=True)
class Tally:
    """What was counted over the answers of one model."""

    answers: int = 0
    made: int = 0
    kept: int = 0
    moved: int = 0
    struck: int = 0
    supported: int = 0
    doubtful: int = 0
    unsupported: int = 0
    unknown_names: int = 0
    checked_citations: int = 0
    failed_checks: list[str] = field(default_factory=list)
    outcomes: dict[str, dict[str, int]] = field(default_factory=dict)  # by plan of the script
    compile_ms: list[float] = field(default_factory=list)
    guard_ms: list[float] = field(default_factory=list)

    def result(self) -> dict[str, object]:
        numbers = asdict(self)
        numbers["failed_checks"] = len(self.failed_checks)
        for name in ("compile_ms", "guard_ms"):
            spent = sorted(numbers.pop(name)) or [0.0]
            numbers[f"{name}_median"] = round(statistics.median(spent), 2)
            numbers[f"{name}_p95"] = round(spent[int(len(spent) * 0.95) - 1], 2)
            numbers[f"{name}_worst"] = round(spent[-1], 2)
        return numbers


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--answers", type=int, default=100)
    parser.add_argument("--model", default="", metavar="URL", help="ask this server too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        home = Path(name)
        home.chmod(0o755)
        with database(home):
            clones = cloned(home, options.repositories)
            set_up(home)
            result = _measured(clones, options.answers, options.model)
    sys.stdout.write(json.dumps(result) + "\n")


def _measured(clones: dict[str, Path], answers: int, url: str) -> dict[str, object]:
    from appliance.sources.managing import connect
    from indexer.ingestion import jobs
    from indexer.ingestion.sync import WatchedHeartbeat, sync
    from inference.client import ChatClient
    from inference.connection import open_http
    from inference.testing import fake_http

    logging.getLogger("indexer.retrieval").setLevel(logging.ERROR)  # that there are no vectors
    for name, clone in clones.items():
        source = connect(str(clone), name=name, from_command_line=True)
        job = jobs.claim(jobs.enqueue(source).pk)
        sync(job, WatchedHeartbeat(job, None))  # without vectors: words find names
    asked = _questions(answers)
    scripted = CitingModel()
    result: dict[str, object] = {
        "sources": len(clones),
        "scripted": _asked(asked, ChatClient(fake_http(scripted), None), clones, scripted),
    }
    if url:
        result["model"] = _asked(asked, ChatClient(open_http(url), None), clones, None)
    return result


def _questions(count: int) -> list[str]:
    """Return questions about defined names, spread evenly over all of them."""
    from indexer.models import Definition

    names = sorted(set(Definition.objects.values_list("name", flat=True)))
    telling = [name for name in names if re.fullmatch(r"\w{5,40}", name)]
    step = max(1, len(telling) // count)
    return [f"What does {name} do?" for name in telling[::step][:count]]


def _asked(
    questions: Sequence[str],
    client: ChatClient,
    clones: dict[str, Path],
    scripted: CitingModel | None,
) -> dict[str, object]:
    from appliance.conversations.answering.events import Answered, Question
    from appliance.conversations.answering.flow import answer
    from appliance.conversations.prompting.budget import Budget
    from appliance.sources.access import operator_scope

    tally = Tally()
    budget = Budget(window_tokens=8192, prompt_tokens=6000, answer_tokens=512)
    for question in questions:
        *_, end = answer(
            Question(question, operator_scope()), client=lambda: client, budget=lambda _: budget
        )
        if isinstance(end, Answered) and end.text:
            _count(end, tally)
            _time(end, tally)
            _check(end, tally, clones)
            if scripted is not None:
                _sort(end, scripted.said, tally)
    for failed in tally.failed_checks[:20]:
        console.print(failed, highlight=False, markup=False)
    return tally.result()


def _count(end: Answered, tally: Tally) -> None:
    from appliance.conversations.checking.checks import counted

    counts = counted(end.compiled.judgements)
    tally.answers += 1
    tally.made += counts.made
    tally.moved += counts.moved
    tally.struck += counts.struck
    tally.kept += counts.made - counts.struck - counts.moved
    tally.supported += counts.supported
    tally.doubtful += counts.doubtful
    tally.unsupported += counts.unsupported
    tally.unknown_names += len(end.compiled.unknown)


def _time(end: Answered, tally: Tally) -> None:
    """Compile the same answer once more, alone: the documents are read anew too."""
    from appliance.conversations.checking.citations import compile_judged
    from appliance.conversations.checking.guarding import Known, unknown_names
    from appliance.conversations.checking.judging import judge_answer
    from appliance.conversations.evidence import Documents
    from appliance.sources.access import operator_scope

    offered = {piece.handle: piece for piece in end.offered}
    started = time.perf_counter()
    documents = Documents(frozenset(piece.blob_id for piece in offered.values()))
    judgements = judge_answer(end.text, offered, documents)
    compile_judged(judgements)
    tally.compile_ms.append((time.perf_counter() - started) * 1000)
    started = time.perf_counter()
    known = Known.of([piece.text for piece in offered.values()])
    unknown_names([one.sentence for one in judgements], known=known, scope=operator_scope())
    tally.guard_ms.append((time.perf_counter() - started) * 1000)


def _check(end: Answered, tally: Tally, clones: dict[str, Path]) -> None:
    """Check every surviving citation by what git itself has at its commit."""
    for judgement in end.compiled.judgements:
        shown: list[str] = []
        clauses: list[str] = []
        before = judgement.sentence.start
        for one in judgement.citations:
            if one.pieces:
                clauses.append(end.text[before : one.start])
            before = one.end
            for piece in one.pieces:
                tally.checked_citations += 1
                lines = _git_lines(clones[piece.source], piece.commit, piece.path)
                expected = lines[piece.span.start_line - 1 : piece.span.end_line]
                if expected != piece.text.split("\n"):
                    tally.failed_checks.append(f"other lines: {piece.place}")
                shown += [*expected, piece.path, piece.symbol]
        # Of a sentence that is marked as not supported, the clauses that kept their citations.
        is_whole = judgement.verdict.value != "unsupported"
        said = judgement.sentence.text if is_whole else "\n".join(clauses)
        if shown and not judgement.sentence.is_code:
            tally.failed_checks += _not_shown(said, "\n".join(shown))


def _not_shown(sentence: str, shown: str) -> list[str]:
    """Return a complaint for each name between backticks that no cited line holds."""
    folded = re.sub(r"[\W_]+", "", shown).casefold()
    return [
        f"{name!r} is not in the lines cited for {sentence.strip()[:120]!r}"
        for ticked in TICKED.findall(sentence)
        for name in WORD.findall(ticked)
        if re.sub(r"_", "", name).casefold() not in folded and not _is_keyword(name)
    ]


def _is_keyword(name: str) -> bool:
    from appliance.conversations.checking.mentions import KEYWORDS

    return name in KEYWORDS


def _git_lines(clone: Path, commit: str, path: str) -> list[str]:
    done = subprocess.run(
        ["git", f"--git-dir={clone}", "show", f"{commit}:{path}"], capture_output=True, check=True
    )
    return done.stdout.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")


def _sort(end: Answered, said: Sequence[Said], tally: Tally) -> None:
    """Count what became of each sentence of the script."""
    by_text = {one.sentence.text.strip(): one for one in end.compiled.judgements}
    for one in said:
        judgement = by_text.get(one.text)
        if judgement is None:
            continue
        outcome = Counter(tally.outcomes.setdefault(one.plan, {}))
        outcome[judgement.verdict.value] += 1
        outcome["name marked"] += one.name in end.compiled.unknown
        tally.outcomes[one.plan] = dict(outcome)


if __name__ == "__main__":
    main()
