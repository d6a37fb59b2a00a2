"""Measure the citation compiler: what becomes of citations, what it costs, and does any survive wrongly?

    python -m appliance.local.bench_citations BUNDLE_OR_REPOSITORY... [--answers 100]
        [--model small|URL] [--style opened|free] [--out FILE]

Starts PostgreSQL of its own in a temporary folder, syncs the repositories, and asks about names that
they define. A scripted model answers: each answer cites rightly, with shifted lines, in the wrong
document, with a handle that was not given, and for a name that stands nowhere. With --model a real
one answers too: `small` installs and starts the small model where that is needed. Every citation that
survives is then checked by another way, `git show` (cited_answers.py). With --out each answer of the
real model is written to a file; ended in the middle, the same command goes on behind the last one.
The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from appliance.local.bench_corpus import database, set_up
from appliance.local.bench_grep import cloned
from appliance.local.cited_answers import Line, line_of, summed
from appliance.local.resuming import answered
from appliance.local.scripted_answers import CitingModel
from appliance.local.served import model_at

if TYPE_CHECKING:
    from appliance.conversations.prompting.budget import Budget
    from inference.client import ChatClient

console = Console(stderr=True)
SHOWN = 20  # complaints


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--answers", type=int, default=100)
    parser.add_argument("--model", default="", metavar="small|URL", help="ask this one too")
    parser.add_argument(
        "--style",
        choices=["opened", "free"],
        default="opened",
        help="in which the real one answers",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="of the real one's answers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        home = Path(name)
        home.chmod(0o755)
        with database(home):
            clones = cloned(home, options.repositories)
            set_up(home)
            _index(clones)
            questions = _questions(options.answers)
            result: dict[str, object] = {
                "sources": len(clones),
                "scripted": _scripted(questions, clones),
            }
            if options.model:
                with model_at(options.model, home) as url:
                    result["model"] = _real(questions, clones, url, options.style, options.out)
    sys.stdout.write(json.dumps(result) + "\n")


def _index(clones: Mapping[str, Path]) -> None:
    from appliance.sources.managing import connect
    from indexer.ingestion import jobs
    from indexer.ingestion.sync import WatchedHeartbeat, sync

    logging.getLogger("indexer.retrieval").setLevel(logging.ERROR)  # that there are no vectors
    for name, clone in clones.items():
        source = connect(str(clone), name=name, from_command_line=True)
        job = jobs.claim(jobs.enqueue(source).pk)
        sync(job, WatchedHeartbeat(job, None))  # without vectors: words find names


def _questions(count: int) -> list[str]:
    """Return questions about defined names, spread evenly over all of them."""
    from indexer.models import Definition

    names = sorted(set(Definition.objects.values_list("name", flat=True)))
    telling = [name for name in names if re.fullmatch(r"\w{5,40}", name)]
    step = max(1, len(telling) // count)
    return [f"What does {name} do?" for name in telling[::step][:count]]


def _scripted(questions: Sequence[str], clones: Mapping[str, Path]) -> dict[str, object]:
    from appliance.conversations.prompting.budget import Budget
    from inference.client import ChatClient
    from inference.testing import fake_http

    scripted = CitingModel()
    client = ChatClient(fake_http(scripted), None)
    budget = Budget(window_tokens=8192, prompt_tokens=6000, answer_tokens=512)
    lines = [_asked(one, client, budget, clones, scripted) for one in questions]
    return _told(lines)


def _real(
    questions: Sequence[str], clones: Mapping[str, Path], url: str, style: str, out: Path | None
) -> dict[str, object]:
    """Ask the real model as the product does that `make run` starts."""
    from appliance.conversations.prompting.budget import Budget, Checking
    from inference.client import ChatClient
    from inference.connection import open_http

    client = ChatClient(open_http(url), None)
    name = client.model_name()
    window = next((one.window_tokens for one in client.models() if one.name == name), None)
    is_opened = style == "opened"
    budget = Budget(
        window_tokens=window or 4096,
        prompt_tokens=2600 if is_opened else 6000,
        answer_tokens=320 if is_opened else 512,
        opened_lines=is_opened,
        checking=Checking(),
    )

    def answer(question: Line) -> Line:
        return _asked(question["question"], client, budget, clones, None)

    asked = [{"key": f"{name} {style} {one}", "question": one} for one in questions]
    return {"name": name, "style": style, **_told(answered(asked, answer, out))}


def _asked(
    text: str,
    client: ChatClient,
    budget: Budget,
    clones: Mapping[str, Path],
    scripted: CitingModel | None,
) -> Line:
    from appliance.conversations.answering.events import Answered, Question
    from appliance.conversations.answering.flow import answer
    from appliance.sources.access import operator_scope

    question = Question(text, operator_scope())
    *_, end = answer(question, client=lambda: client, budget=lambda _: budget)
    if not isinstance(end, Answered):
        raise RuntimeError("the answer did not end")
    return line_of(end, clones, scripted.said if scripted else ())


def _told(lines: Sequence[Line]) -> dict[str, object]:
    for failed in [one for line in lines for one in line["failed"]][:SHOWN]:
        console.print(failed, highlight=False, markup=False)
    return summed(lines)


if __name__ == "__main__":
    main()
