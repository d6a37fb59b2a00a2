"""Measure one model server: how long until an answer starts, and how fast it is read and written.

    python -m inference.bench.latency http://127.0.0.1:8101 --prompt-tokens 1500 --runs 3

Two kinds of time to the first token: cold, with a prompt that the server has not seen, which
measures prefill (compute-bound); and warm, the same prompt again, which the prefix cache serves.
Decode is measured from the first token to the last (bound by memory bandwidth). The prompts are
made of random words, so no run profits from the one before. The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import string
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise

from inference.client import ChatClient
from inference.connection import open_http
from inference.errors import ModelUnavailable
from inference.protocol import ChatDelta, ChatEnd, ChatMessage, ChatRequest

SALT = "5a" * 32  # the gateway asks for one; the runs of a benchmark share theirs


@dataclass(frozen=True, slots=True)
class Timing:
    """One answer."""

    prompt_tokens: int
    completion_tokens: int
    first_token_s: float
    total_s: float
    pauses_s: tuple[float, ...] = field(default=(), repr=False)  # between pieces of text

    @property
    def decode_tokens_per_s(self) -> float:
        seconds = self.total_s - self.first_token_s
        return (self.completion_tokens - 1) / seconds if seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Latency:
    """Medians over all runs."""

    model: str
    runs: int
    prompt_tokens: int
    first_token_cold_s: float
    first_token_warm_s: float
    prefill_tokens_per_s: float
    decode_tokens_per_s: float


def measure(client: ChatClient, *, prompt_tokens: int, answer_tokens: int, runs: int) -> Latency:
    """Ask each prompt twice, cold then warm."""
    cold, warm = [], []
    for run in range(runs):
        request = ChatRequest(
            (ChatMessage("user", prompt_of(client, prompt_tokens, seed=time.time_ns() + run)),),
            max_tokens=answer_tokens,
            cache_salt=SALT,
        )
        cold.append(time_answer(client, request))
        warm.append(time_answer(client, request))
        print(f"run {run + 1}/{runs}: cold {cold[-1]}, warm {warm[-1]}")
    return Latency(
        model=client.model_name(),
        runs=runs,
        prompt_tokens=round(statistics.median(timing.prompt_tokens for timing in cold)),
        first_token_cold_s=median(timing.first_token_s for timing in cold),
        first_token_warm_s=median(timing.first_token_s for timing in warm),
        prefill_tokens_per_s=median(t.prompt_tokens / t.first_token_s for t in cold),
        decode_tokens_per_s=median(timing.decode_tokens_per_s for timing in cold + warm),
    )


def time_answer(client: ChatClient, request: ChatRequest) -> Timing:
    started = time.perf_counter()
    moments: list[float] = []
    end = None
    for part in client.stream(request):
        if isinstance(part, ChatEnd):
            end = part
        elif isinstance(part, ChatDelta):
            moments.append(time.perf_counter())
    if not moments or end is None or end.usage is None:
        raise ModelUnavailable("the server gave no text, or did not count it")
    return Timing(
        end.usage.prompt_tokens,
        end.usage.completion_tokens,
        moments[0] - started,
        time.perf_counter() - started,
        tuple(after - before for before, after in pairwise(moments)),
    )


def prompt_of(client: ChatClient, tokens: int, *, seed: int) -> str:
    """Return random words of about that many tokens, ending in a request for a long answer.

    A dummy (inference.bench.dummy) knows words of its own alone: to it all others are one.
    """
    rng = random.Random(seed)  # noqa: S311 - a benchmark, not a secret
    if client.count_text_tokens("w1000 w1001") == 2:
        return " ".join(f"w{rng.randrange(2, 30_000)}" for _ in range(tokens))
    words = ["".join(rng.choices(string.ascii_lowercase, k=5)) for _ in range(tokens)]
    per_word = client.count_text_tokens(" ".join(words)) / len(words)
    kept = words[: round(tokens / per_word)]
    return " ".join(kept) + "\n\nWrite a long story that uses some of these words."


def median(values: Iterable[float]) -> float:
    """Return the median, to thousandths, as the benchmarks print it."""
    return round(statistics.median(values), 3)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="inference.bench.latency")
    parser.add_argument("url", help="address of the model server")
    parser.add_argument("--model", help="name of the served model (default: the first)")
    parser.add_argument("--prompt-tokens", type=int, default=1500)
    parser.add_argument("--answer-tokens", type=int, default=64)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args(arguments)
    with open_http(options.url) as http:
        latency = measure(
            ChatClient(http, options.model),
            prompt_tokens=options.prompt_tokens,
            answer_tokens=options.answer_tokens,
            runs=options.runs,
        )
    for name, value in asdict(latency).items():
        print(f"{name:24} {value}")
    print(json.dumps(asdict(latency)))


if __name__ == "__main__":
    main()
