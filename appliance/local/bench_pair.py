"""Does the mode "pair" find more than one search? Golden questions in both modes, side by side.

    python -m appliance.local.bench_pair FOLDER [--golden FILE...] [--model small|URL] [--out FILE]

FOLDER holds a bundle or a clone of each repository of the golden sets; each is indexed at the commit
that the set names, in a PostgreSQL of its own. Counted is whether lines that answer the question
stood in the prompt, whether the answer cites them, and what it took. Without --model the steps are
planned by a rule (scripted_plans.py), which tells what steps are worth by themselves. With --out
each answer is written to a file; ended in the middle, the same command goes on behind the last one.
The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from appliance.local.bench_corpus import database
from appliance.local.golden_corpora import Line, index, lines_of
from appliance.local.programs import SMALL
from appliance.local.resuming import answered
from appliance.local.scripted_plans import PlanningModel
from appliance.local.served import model_at
from inference.fake_server import FakeServer
from inference.testing import Script

SETS = (Path("golden/natural-validation.jsonl"),)
MODES = ("answer", "pair")
WINDOW = 16_384
# As `make run` sets them for the small model.
SMALL_SETTINGS = {
    "PLUMBLINE_ANSWER_STYLE": "opened",
    "PLUMBLINE_PROMPT_TOKENS": "2600",
    "PLUMBLINE_ANSWER_TOKENS": "320",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--golden", nargs="+", type=Path, default=SETS)
    parser.add_argument("--model", default="", metavar="small|URL")
    parser.add_argument("--questions", type=int, default=1000, help="at most so many")
    parser.add_argument("--out", type=Path, metavar="FILE")
    options = parser.parse_args()
    questions = lines_of(options.golden)
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        home = Path(name)
        home.chmod(0o755)
        with database(home), _served(options.model, home) as url:
            os.environ["PLUMBLINE_CHAT_URL"] = url
            if options.model == SMALL:
                os.environ |= SMALL_SETTINGS
            index(home, options.folder, questions)
            result = _measured(
                questions[: options.questions], options.model or "scripted", options.out
            )
    sys.stdout.write(json.dumps(result) + "\n")


@contextmanager
def _served(model: str, home: Path) -> Iterator[str]:
    if model:
        with model_at(model, home) as url:
            yield url
        return
    server = FakeServer(PlanningModel(Script(window_tokens=WINDOW)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.url
    server.shutdown()


def _measured(questions: Sequence[Line], model: str, out: Path | None) -> Line:
    asked = [
        {"key": f"{model} {mode} {question['id']}", "mode": mode, "question": question}
        for question in questions
        for mode in MODES
    ]
    lines = answered(asked, _answer, out)
    by_mode = {mode: [one for one in lines if one["mode"] == mode] for mode in MODES}
    return {
        "model": model,
        "questions": len(questions),
        **{mode: _summed(some) for mode, some in by_mode.items()},
        **_compared(by_mode["answer"], by_mode["pair"]),
    }


def _answer(asked: Line) -> Line:
    from appliance.conversations.evaluating.asking import ask
    from appliance.conversations.evaluating.grading import grade
    from appliance.conversations.evaluating.questions import AnswerQuestion
    from appliance.conversations.modes import Mode
    from appliance.sources.access import operator_scope
    from indexer.evaluation.golden import numbered_questions

    entry = json.dumps(asked["question"]).encode()
    [(_, golden)] = numbered_questions(entry, name="golden")
    given = ask(AnswerQuestion(golden), scope=operator_scope(), mode=Mode(asked["mode"]))
    graded = grade(given)
    return {
        "id": golden.id,
        "mode": asked["mode"],
        "in_prompt": graded.is_context_good,
        "cited": graded.cites_gold,
        "not_found": given.not_found,
        "error": given.error,
        "pieces": len(given.context),
        "lines": sum(piece.span.line_count for piece in given.context),
        "steps": given.steps,
        "seconds": given.seconds,
    }


def _summed(lines: Sequence[Line]) -> Line:
    return {
        "gold_in_prompt": sum(bool(one["in_prompt"]) for one in lines),
        "gold_cited": sum(bool(one["cited"]) for one in lines),
        "not_found": sum(one["not_found"] for one in lines),
        "errors": sum(bool(one["error"]) for one in lines),
        **{
            f"{name}_median": round(statistics.median(one[name] for one in lines), 2)
            for name in ("pieces", "lines", "steps", "seconds")
        },
    }


def _compared(answer: Sequence[Line], pair: Sequence[Line]) -> Line:
    """Return which questions only one of the modes had the lines for."""
    both = list(zip(answer, pair, strict=True))
    return {
        "only_pair": [two["id"] for one, two in both if two["in_prompt"] and not one["in_prompt"]],
        "only_answer": [
            one["id"] for one, two in both if one["in_prompt"] and not two["in_prompt"]
        ],
    }


if __name__ == "__main__":
    main()
