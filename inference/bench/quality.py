"""Measure how good a served model is at code: HumanEval's functions, written over the product's own client.

    python -m inference.bench.quality http://127.0.0.1:8101 [--problems 164] [--at-once 4]
        [--shape codellama-34b-gptq --bandwidth 3350]

What the model writes is run in the sandbox (bubblewrap: no network, no files); without one nothing is run.
The problems come from the environment of quantization (--env .venv-quantize). Unlike the comparison of a
quantization, which continues each function, this asks in words, as people do, and reads the code block of the
answer. With the model's shape and the card's bandwidth in GB/s the limit of one stream stands beside the
speed of one stream. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from inference.bench.latency import SALT, time_answer
from inference.client import ChatClient
from inference.connection import open_http
from inference.errors import InferenceError, QuantizationFailed
from inference.protocol import ChatDelta, ChatEnd, ChatMessage, ChatRequest
from inference.quantization.comparison.human_eval import (
    DATA,
    Problem,
    Sandbox,
    find_sandbox,
    passes_as,
    problems,
)
from inference.serving.shape import SHAPES, read_shape, shape_names

ANSWER_TOKENS = 512
BLOCK = re.compile(r"```[\w+-]*\n(.*?)(?:```|\Z)", re.DOTALL)
ASKED = (
    "Complete this Python function. Answer with the whole function in one code block, without tests "
    "and without examples.\n\n```python\n{prompt}```"
)


@dataclass(frozen=True, slots=True)
class Solution:
    """What a model wrote for one problem; None as text: the server gave no answer."""

    problem: Problem
    text: str | None
    tokens: int = 0
    seconds: float = 0.0
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Quality:
    problems: int
    passed: int
    failed_requests: int
    without_code: int
    cut_off: int  # by the limit of an answer
    pass_at_1: float
    tokens_p50: int
    tokens_per_s: float  # all together


def measure(
    client: ChatClient, asked: Sequence[Problem], sandbox: Sandbox, *, at_once: int = 1
) -> tuple[Quality, dict[str, bool]]:
    """Ask for each function, run it with its tests, and return which passed."""
    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        solutions = list(pool.map(partial(_solution, client), asked))
    wall = time.perf_counter() - began
    passed = {one.problem.name: _passes(one, sandbox) for one in solutions}
    tokens = [one.tokens for one in solutions if one.text is not None]
    return Quality(
        problems=len(solutions),
        passed=sum(passed.values()),
        failed_requests=sum(one.text is None for one in solutions),
        without_code=sum(one.text is not None and not code_in(one.text) for one in solutions),
        cut_off=sum(one.is_cut for one in solutions),
        pass_at_1=round(sum(passed.values()) / len(solutions), 4),
        tokens_p50=round(statistics.median(tokens)) if tokens else 0,
        tokens_per_s=round(sum(tokens) / wall, 2),
    ), passed


def code_in(text: str) -> str:
    """Return the longest code block of an answer; empty without one."""
    return max(BLOCK.findall(text), key=len, default="")


def program_of(problem: Problem, code: str) -> str:
    """Return the answer's code as a program: with what the problem imports and defines before the
    function, and after its head where the answer gives the body alone."""
    head, found, _ = problem.prompt.partition(f"def {problem.function}(")
    if found and f"def {problem.function}(" in code:
        return f"{head}\n{code}"
    return problem.prompt + code


def _solution(client: ChatClient, problem: Problem) -> Solution:
    request = ChatRequest(
        (ChatMessage("user", ASKED.format(prompt=problem.prompt)),),
        max_tokens=ANSWER_TOKENS,
        cache_salt=SALT,
    )
    began, text, end = time.perf_counter(), "", None
    try:
        for part in client.stream(request):
            if isinstance(part, ChatDelta):
                text += part.text
            elif isinstance(part, ChatEnd):
                end = part
    except InferenceError:
        return Solution(problem, None)
    tokens = end.usage.completion_tokens if end and end.usage else 0
    is_cut = end is not None and end.finish_reason == "length"
    return Solution(problem, text, tokens, time.perf_counter() - began, is_cut)


def _passes(solution: Solution, sandbox: Sandbox) -> bool:
    code = code_in(solution.text or "")
    return bool(code) and passes_as(solution.problem, program_of(solution.problem, code), sandbox)


def problems_file(env_folder: Path) -> Path:
    """Return the file with the problems in an environment. Raises QuantizationFailed without it."""
    pattern = "/".join(("lib", "python3*", "site-packages", "human_eval", *DATA))
    found = next(iter(sorted(env_folder.glob(pattern))), None)
    if found is None:
        raise QuantizationFailed(
            f"{env_folder} has no HumanEval: `python3.11 -m inference.quantization.install {env_folder}` brings it"
        )
    return found


def limit_of(client: ChatClient, shape: str | None, bandwidth: float | None) -> dict[str, float]:
    """Return the speed of one stream beside the limit; nothing where they are not given."""
    if not shape or not bandwidth:
        return {}
    story = ChatRequest(
        (ChatMessage("user", "Write a long story about a lighthouse."),), 128, cache_salt=SALT
    )
    reached = time_answer(client, story).decode_tokens_per_s
    limit = bandwidth * 1e9 / read_shape(SHAPES / shape).read_bytes_per_token
    print(f"one stream {reached:.1f} tokens/s of at most {limit:.1f}: {reached / limit:.0%}")
    return {
        "one_stream_tokens_per_s": round(reached, 2),
        "limit_tokens_per_s": round(limit, 2),
        "limit_reached": round(reached / limit, 4),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="inference.bench.quality",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("url", help="address of the model server")
    parser.add_argument("--model", help="name of the served model, or of an adapter")
    parser.add_argument("--env", type=Path, default=Path(".venv-quantize"))
    parser.add_argument("--problems", type=int, default=164)
    parser.add_argument("--at-once", type=int, default=4)
    parser.add_argument("--shape", choices=shape_names(), help="of the model, for the limit")
    parser.add_argument("--bandwidth", type=float, help="of the card's memory, in GB/s")
    options = parser.parse_args(arguments)
    asked, sandbox = problems(options.problems, problems_file(options.env)), find_sandbox()
    with open_http(options.url) as http:
        client = ChatClient(http, options.model)
        quality, passed = measure(client, asked, sandbox, at_once=options.at_once)
        for name, value in asdict(quality).items():
            print(f"{name:18} {value}")
        told = {
            "bench": "quality",
            "model": client.model_name(),
            **asdict(quality),
            **limit_of(client, options.shape, options.bandwidth),
            "not_passed": sorted(name for name, is_passed in passed.items() if not is_passed),
        }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
