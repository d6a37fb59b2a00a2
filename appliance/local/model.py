"""The program that serves the model here: `python -m appliance.local.model STATE PORT small|FOLDER`.

It installs vLLM, fetches and converts the small model, each once, and then becomes vLLM. What it is
at stands in the state file, for whoever shows it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from appliance.local.home import write_private
from appliance.local.programs import GIVE_UP_CODE

SERVING = (sys.executable, "-m", "inference.serving")
STEPS = {
    "install": "vLLM's environment",
    "fetch": "the model's packages",
    "convert": "the model's conversion",
}
LOADING = "the model's load"


@dataclass(slots=True)
class ModelState:
    """Where the model's program is: the step it is at, and the seconds of those behind it."""

    step: str
    since: float
    seconds: dict[str, float] = field(default_factory=dict)
    problem: str = ""


def read_state(file: Path) -> ModelState | None:
    try:
        return ModelState(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_state(file: Path, state: ModelState) -> None:
    shown = {
        "step": state.step,
        "since": state.since,
        "seconds": state.seconds,
        "problem": state.problem,
    }
    write_private(file, json.dumps(shown))


def prepare(file: Path, state: ModelState) -> bool:
    """Run the steps before the start; False when one of them failed."""
    for command, name in STEPS.items():
        state.step, state.since = name, time.time()
        write_state(file, state)
        if subprocess.run([*SERVING, command], check=False).returncode:
            state.problem = f"{name}: this step failed"
            write_state(file, state)
            return False
        state.seconds[name] = round(time.time() - state.since, 1)
    return True


def main() -> int:
    file, port, place = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    state = ModelState(step=LOADING, since=time.time())
    if not prepare(file, state):
        return GIVE_UP_CODE
    state.step, state.since = LOADING, time.time()
    write_state(file, state)
    model = [] if place == "small" else ["--model", place]
    command = [*SERVING, "launch", "--port", port, *model]
    os.execv(command[0], command)  # noqa: S606 - vLLM takes this process


if __name__ == "__main__":
    sys.exit(main())
