"""The program that serves the model here: `python -m appliance.local.model STATE CACHE PORT MODEL`.

It installs vLLM, fetches and converts the small model, each once, and then becomes vLLM. What it is
at stands in the state file, for whoever shows it. MODEL is `small` or a model folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from appliance.local.home import ROOT, write_private
from appliance.local.leftovers import end_orphaned_engines
from appliance.local.programs import GIVE_UP_CODE, SMALL
from inference.packages import SMALL_MODEL_GGUF

ENVIRONMENT = ROOT / ".venv-vllm"
SERVING = (sys.executable, "-m", "inference.serving")
# Whoever searches meanwhile goes first.
POLITELY = ("nice", "-n", "10")
INSTALL, FETCH, CONVERT, LOAD = (
    "vLLM's packages",
    "Model packages",
    "Model conversion",
    "Model load",
)


@dataclass(slots=True)
class ModelState:
    """Where the model's program is: the step it is at, and the seconds of those behind it."""

    step: str
    since: float
    seconds: dict[str, float] = field(default_factory=dict)
    problem: str = ""

    def enter(self, step: str) -> None:
        self.step, self.since = step, time.time()

    def leave(self) -> None:
        self.seconds[self.step] = round(time.time() - self.since, 1)


def read_state(file: Path) -> ModelState | None:
    try:
        return ModelState(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_state(file: Path, state: ModelState) -> None:
    write_private(file, json.dumps(asdict(state)))


def preparations(cache: str, place: str) -> dict[str, tuple[str, ...]]:
    """Return the steps before the load, each a command that does nothing when it is done."""
    folders = ("--env", str(ENVIRONMENT), "--cache", cache)
    steps: dict[str, tuple[str, ...]] = {INSTALL: (*SERVING, "install", *folders)}
    if place == SMALL:
        steps[FETCH] = (*SERVING, "fetch", *folders, SMALL_MODEL_GGUF)
        steps[CONVERT] = (*SERVING, "convert", *folders)
    return steps


def prepare(file: Path, state: ModelState, steps: dict[str, tuple[str, ...]]) -> bool:
    """Run the steps; False when one of them failed, with its last line in the state."""
    for name, command in steps.items():
        state.enter(name)
        write_state(file, state)
        code, last_line = run_shown([*POLITELY, *command])
        if code:
            state.problem = f"{name}: {last_line or f'ended with code {code}'}"
            write_state(file, state)
            return False
        state.leave()
    return True


def run_shown(command: list[str]) -> tuple[int, str]:
    """Run a command with its output in our log; return its exit code and its last line."""
    last_line = ""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            last_line = line.strip() or last_line
    return process.returncode, last_line


def main() -> int:
    file, cache, port, place = Path(sys.argv[1]), *sys.argv[2:5]
    state = ModelState(step=INSTALL, since=time.time())
    if not prepare(file, state, preparations(cache, place)):
        return GIVE_UP_CODE
    state.enter(LOAD)
    write_state(file, state)
    model = () if place == SMALL else ("--model", place)
    folders = ("--env", str(ENVIRONMENT), "--cache", cache)
    command = [*SERVING, "launch", *folders, "--port", port, *model]
    end_orphaned_engines(ROOT)
    os.execv(command[0], command)  # noqa: S606 - vLLM takes this process


if __name__ == "__main__":
    sys.exit(main())
