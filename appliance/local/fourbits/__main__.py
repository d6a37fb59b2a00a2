"""One run: the small model in floats, in 4 bits, compared, served by vLLM, and a cited answer through the product.

    python -m appliance.local.fourbits WORK --repository BUNDLE_OR_REPOSITORY [--question TEXT]...
        [--windows 64] [--window-tokens 512] [--problems 164] [--python python3.11]

Each step leaves its result in WORK and is passed over when that is there, so a run that was ended in any way goes
on by the same command; inside the quantization it goes on after the last finished layer. Where the processor has no
code for 4 bits the original is served, and it is said so. A model that the comparison refuses is served all the same:
this shows the way, not the model. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.local.home import ROOT
from appliance.local.model import ENVIRONMENT as VLLM
from inference.connection import open_http
from inference.errors import InferenceError, ServingFailed
from inference.packages import SMALL_MODEL_GGUF, default_cache_folder
from inference.quantization.install import is_complete
from inference.serving.health import wait_until_healthy
from inference.serving.machine import Machine, read_machine
from inference.serving.memory import plan_memory
from inference.serving.profiles import get_profile
from inference.serving.shape import read_shape
from inference.serving.small_model import small_model_folder

PROFILE = "cpu-small"
QUANTIZE = ROOT / ".venv-quantize"
REFUSED = 3  # the comparison's exit code for a model that lost too much
START_S, END_S = 1800.0, 60.0
QUESTIONS = (
    "Where is the main entry point, and what does it do?",
    "Which exceptions are defined, and when are they raised?",
    "How are settings read?",
)


class StepFailed(Exception):
    """A step of the run ended with an error."""


@dataclass(frozen=True, slots=True)
class Run:
    """What is made of what, and where."""

    work: Path
    repository: Path
    questions: tuple[str, ...]
    windows: int
    window_tokens: int
    problems: int
    python: str  # 3.11, that the environment of quantization is made with
    original: Path
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def quantized(self) -> Path:
        return self.work / "model-4bit"

    @property
    def report(self) -> Path:
        return self.work / "model-4bit-report" / "report.json"

    @property
    def texts(self) -> Path:
        return self.work / "text"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    options.work.mkdir(parents=True, exist_ok=True)
    run = Run(
        work=options.work.absolute(),
        repository=options.repository.absolute(),
        questions=tuple(options.question or QUESTIONS),
        windows=options.windows,
        window_tokens=options.window_tokens,
        problems=options.problems,
        python=options.python,
        original=small_model_folder(default_cache_folder()),
    )
    try:
        for name, step in STEPS.items():
            begun = time.monotonic()
            step(run)
            run.seconds[name] = round(time.monotonic() - begun, 1)
        told = served_and_asked(run)
    except (StepFailed, InferenceError) as exc:
        _say(str(exc))
        return 1
    sys.stdout.write(json.dumps(told) + "\n")
    return 0 if told["citations"] else REFUSED


def prepare(run: Run) -> None:
    """Make both environments and the original, each once."""
    if not is_complete(QUANTIZE):
        _command([run.python, "-m", "inference.quantization.install", str(QUANTIZE)])
    for step in (["install"], ["fetch", SMALL_MODEL_GGUF], ["convert"]):
        _module("inference.serving", *step, "--env", str(VLLM))


def export(run: Run) -> None:
    own = run.work / "own.jsonl"
    if not own.exists() and not run.texts.exists():
        part = run.work / "own.part"
        part.unlink(missing_ok=True)
        _module("appliance.local.fourbits.corpus", "export", str(run.repository), str(part))
        part.rename(own)


def calibrate(run: Run) -> None:
    if not (run.texts / "held-out.jsonl").exists():
        for half in run.texts.glob("*.jsonl"):
            half.unlink()
        own = str(run.work / "own.jsonl")
        _module("inference.quantization", "calibrate", str(run.texts), "--own", own)


def quantize(run: Run) -> None:
    if not run.quantized.exists():
        _module(
            "inference.quantization", "run", str(run.original), str(run.quantized),
            "--env", str(QUANTIZE), "--device", "cpu",
            "--calibration", str(run.texts / "calibration.jsonl"),
            "--windows", str(run.windows), "--window-tokens", str(run.window_tokens),
        )  # fmt: skip


def verify(run: Run) -> None:
    if not run.report.exists():
        _module(
            "inference.quantization", "verify", str(run.original), str(run.quantized),
            "--env", str(QUANTIZE), "--device", "cpu",
            "--held-out", str(run.texts / "held-out.jsonl"), "--problems", str(run.problems),
            may_end_with=REFUSED,
        )  # fmt: skip


STEPS: dict[str, Callable[[Run], None]] = {
    "prepare": prepare,
    "export": export,
    "calibrate": calibrate,
    "quantize": quantize,
    "verify": verify,
}


def model_to_serve(run: Run, machine: Machine) -> tuple[Path, str]:
    """Return the quantized model, or the original with the reason why it must be that one."""
    try:
        plan_memory(get_profile(PROFILE), read_shape(run.quantized), machine)
    except ServingFailed as exc:
        return run.original, str(exc)
    return run.quantized, ""


def served_and_asked(run: Run) -> dict[str, Any]:
    """Serve a model, ask through the product, and return what the whole run came to."""
    model, why_not = model_to_serve(run, read_machine())
    _say(why_not or f"serving {model.name} in 4 bits")
    begun = time.monotonic()
    with _serving(run, model) as url:
        run.seconds["start"] = round(time.monotonic() - begun, 1)
        begun = time.monotonic()
        asked = ["ask", str(run.repository), url, *run.questions]
        answers = json.loads(
            _module("appliance.local.fourbits.corpus", *asked, is_read=True).splitlines()[-1]
        )
        run.seconds["ask"] = round(time.monotonic() - begun, 1)
    for one in answers:
        _say(f"{one['question']}\n{one['answer']}\n{len(one['citations'])} citations that hold")
    return {"bench": "fourbits", **_told(run, why_not, answers)}


def _told(run: Run, why_not: str, answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    report = json.loads(run.report.read_text(encoding="utf-8"))
    return {
        "served": "original" if why_not else "4 bits",
        "why_not_4_bits": why_not,
        "promoted": report["promoted"],
        "refused": report["refused"],
        "perplexity": report["perplexity"],
        "expected_agreement": report["expected_agreement"],
        "human_eval": {"problems": report["problems"], **report["passed"]},
        "weight_bytes": report["weight_bytes"],
        "questions": len(answers),
        "citations": len(answers[-1]["citations"]),
        "answer_s": answers[-1]["seconds"],
        "seconds": run.seconds,
    }


@contextmanager
def _serving(run: Run, model: Path) -> Iterator[str]:
    port = _free_port()
    command = [sys.executable, "-m", "inference.serving", "launch", "--env", str(VLLM)]
    command += ["--profile", PROFILE, "--model", str(model), "--port", str(port), "--unpromoted"]
    with (
        (run.work / "vllm.log").open("wb") as log,
        subprocess.Popen(
            command, stdout=log, stderr=log, cwd=ROOT, start_new_session=True
        ) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        try:
            with open_http(url) as http:
                wait_until_healthy(
                    http, timeout_s=START_S, is_running=lambda: process.poll() is None
                )
            yield url
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server and what it started: a killed vLLM leaves its engine behind."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def _module(module: str, *words: str, may_end_with: int = 0, is_read: bool = False) -> str:
    command = [sys.executable, "-m", module, *words]
    return _command(command, may_end_with=may_end_with, is_read=is_read)


def _command(command: Sequence[str], *, may_end_with: int = 0, is_read: bool = False) -> str:
    """Run a step with its output on ours, or return that; raise StepFailed when it fails."""
    _say(" ".join(command))
    done = subprocess.run(
        command, cwd=ROOT, check=False, text=True, stdout=subprocess.PIPE if is_read else None
    )
    if done.returncode not in {0, may_end_with}:
        raise StepFailed(
            f"this step ended with code {done.returncode}; the same command goes on from here"
        )
    return done.stdout or ""


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="appliance.local.fourbits",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("work", type=Path)
    parser.add_argument("--repository", type=Path, default=ROOT, help="default: this one")
    parser.add_argument("--question", action="append", help="until one is answered with a citation")
    parser.add_argument("--windows", type=int, default=64)
    parser.add_argument("--window-tokens", type=int, default=512)
    parser.add_argument("--problems", type=int, default=164, help="of HumanEval; 0: none")
    parser.add_argument(
        "--python", default="python3.11", help="for the environment of quantization"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
