"""Measure the mode "fix": are seeded faults found, do patches apply and parse, are bad ones told?

    python -m appliance.local.bench_fix BUNDLE_OR_REPOSITORY... [--bugs 30]

Starts PostgreSQL of its own in a temporary folder and puts faults into copies of the repositories. A
scripted model answers each stack trace with a change that is good, written sloppily, or broken. What
it wrote is given to `git apply` as it is, and then what the product made of it. Every patch that the
product shows as good is applied once more in a work tree: the file must be what it was before the
fault. The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from appliance.local.bench_corpus import database, set_up
from appliance.local.fixing_answers import BROKEN, FixingModel, plan_of, raw_diff
from appliance.local.seeded_bugs import Bug, seed

if TYPE_CHECKING:
    from appliance.conversations.answering.events import Answered
    from inference.client import ChatClient

console = Console(stderr=True)
STALE = 7  # lines by which the traces of another version are wrong


@dataclass(slots=True)
class Tally:
    """What was counted over all faults, once without and once with the second try."""

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)  # states by plan
    good: int = 0
    repaired: int = 0
    fixed: int = 0  # the file is again what it was
    broken_shown_as_good: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def result(self) -> dict[str, object]:
        return {
            "good": self.good,
            "repaired": self.repaired,
            "fixed": self.fixed,
            "broken_shown_as_good": len(self.broken_shown_as_good),
            "outcomes": {plan: dict(states) for plan, states in sorted(self.outcomes.items())},
            "seconds_median": round(statistics.median(self.seconds), 2),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--bugs", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as name:
        home = Path(name)
        home.chmod(0o755)
        with database(home):
            trees = _trees(home, options.repositories)
            bugs = seed(trees, options.bugs)
            set_up(home)
            result = _measured(trees, bugs)
    sys.stdout.write(json.dumps(result) + "\n")


def _trees(home: Path, repositories: Sequence[Path]) -> dict[str, Path]:
    trees: dict[str, Path] = {}
    for repository in repositories:
        tree = home / repository.stem
        command = ["git", "clone", "--quiet", str(repository.resolve()), str(tree)]
        subprocess.run(command, check=True)
        trees[repository.stem] = tree
    return trees


def _measured(trees: dict[str, Path], bugs: Sequence[Bug]) -> dict[str, object]:
    from appliance.sources.managing import connect
    from indexer.ingestion import jobs
    from indexer.ingestion.sync import WatchedHeartbeat, sync
    from inference.client import ChatClient
    from inference.testing import fake_http

    logging.getLogger("indexer.retrieval").setLevel(logging.ERROR)  # that there are no vectors
    for name, tree in trees.items():
        source = connect(str(tree), name=name, from_command_line=True)
        job = jobs.claim(jobs.enqueue(source).pk)
        sync(job, WatchedHeartbeat(job, None))
    client = ChatClient(fake_http(FixingModel(bugs)), None)
    plans = Counter(plan_of(bug) for bug in bugs)
    return {
        "bugs": len(bugs),
        "languages": dict(Counter(bug.language for bug in bugs)),
        "broken_by_plan": sum(plans[plan] for plan in BROKEN),
        "as_written": sum(_is_good_as_written(bug, trees[bug.repository]) for bug in bugs),
        "one_try": _asked(bugs, client, trees, repair_s=0).result(),
        "two_tries": _asked(bugs, client, trees, repair_s=30).result(),
        "located": _located(bugs),
    }


def _is_good_as_written(bug: Bug, tree: Path) -> bool:
    """Return whether git takes what the model wrote, and the file then parses."""
    after = _applied(tree, raw_diff(bug, plan_of(bug)), bug.path)
    return after is not None and _faults(bug.path, after) <= _faults(
        bug.path, "\n".join(bug.document).encode()
    )


def _applied(tree: Path, diff: str, path: str) -> bytes | None:
    """Return a file after a diff, None when git does not take it; the tree stays as it is."""
    given = diff.encode()
    if subprocess.run(["git", "apply", "-"], cwd=tree, input=given, capture_output=True).returncode:
        return None
    content = (tree / path).read_bytes()
    subprocess.run(["git", "checkout", "--quiet", "--force", "HEAD", "."], cwd=tree, check=True)
    return content


def _faults(path: str, content: bytes) -> int:
    from indexer.chunking.faults import fault_lines
    from indexer.reading.languages import detect_language

    text = content.decode("utf-8", "replace")
    return len(fault_lines(text, detect_language(path, text)) or ())


def _asked(
    bugs: Sequence[Bug], client: ChatClient, trees: dict[str, Path], *, repair_s: int
) -> Tally:
    from django.test.utils import override_settings

    from appliance.conversations.answering.events import Answered, Question
    from appliance.conversations.answering.flow import answer
    from appliance.conversations.modes import Mode
    from appliance.conversations.prompting.budget import Budget
    from appliance.sources.access import operator_scope

    tally = Tally()
    budget = Budget(window_tokens=8192, prompt_tokens=6000, answer_tokens=900)
    for bug in bugs:
        question = Question(bug.question, operator_scope(), mode=Mode.FIX)
        started = time.monotonic()
        with override_settings(FIX_REPAIR_TIME_LIMIT_S=repair_s):
            *_, end = answer(question, client=lambda: client, budget=lambda _: budget)
        tally.seconds.append(time.monotonic() - started)
        if isinstance(end, Answered):
            _count(bug, end, tally, trees[bug.repository])
    for failed in tally.broken_shown_as_good:
        console.print(failed, highlight=False, markup=False)
    return tally


def _count(bug: Bug, end: Answered, tally: Tally, tree: Path) -> None:
    patch: dict[str, Any] = end.patches[0] if end.patches else {"state": "none"}
    plan = plan_of(bug)
    tally.outcomes.setdefault(plan, Counter())[patch["state"]] += 1
    if patch["state"] not in {"good", "marked"}:
        console.print(f"{bug.number} {plan} {bug.repository}/{bug.path}:{bug.line}", _why(patch))
        return
    after = _applied(tree, patch["diff"], bug.path)
    right = list(bug.document)
    right[bug.line - 1] = bug.right
    tally.good += 1
    tally.repaired += patch["is_repaired"]
    tally.fixed += after == "\n".join(right).encode()
    if after is None or _faults(bug.path, after) > _faults(bug.path, "\n".join(right).encode()):
        tally.broken_shown_as_good.append(f"{bug.number} {plan}: {patch['diff']}")


def _why(patch: dict[str, Any]) -> str:
    failed = [one["reason"] for one in patch.get("checks", ()) if one["verdict"] == "failed"]
    return " ".join(failed)


def _located(bugs: Sequence[Bug]) -> dict[str, object]:
    """Locate the traces of each fault, as they are and as another version would write them."""
    from appliance.conversations.answering.events import Question
    from appliance.conversations.answering.fixing.locating import Located, locate_trace
    from appliance.conversations.answering.fixing.traces import read_trace
    from appliance.sources.access import operator_scope

    def first(text: str) -> Located | None:
        found = locate_trace(read_trace(text), Question(text, operator_scope()))
        return found[0] if found else None

    counts = Counter[str]()
    for bug in bugs:
        place, stale = first(bug.trace()), first(bug.trace(STALE))
        is_right = place is not None and (place.hit.path, place.line) == (bug.path, bug.line)
        counts["right_line"] += is_right
        if not is_right:
            found = f"{place.hit.path}:{place.line}" if place else "nowhere"
            console.print(f"{bug.path}:{bug.line} in {bug.function} is located at {found}")
        counts["stale_in_file"] += bool(stale and stale.hit.path == bug.path)
        counts["stale_right_line"] += bool(stale and stale.line == bug.line)
        shown = stale is not None and stale.hit.path == bug.path
        lines = stale.hit.span if stale else None
        counts["stale_line_is_shown"] += bool(
            shown and lines and lines.start_line <= bug.line <= lines.end_line
        )
    return {"traces": len(bugs), **counts}


if __name__ == "__main__":
    main()
