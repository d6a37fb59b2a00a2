"""Measure what prefix caching and speculation gain on one server: both depend on what is asked.

    python -m inference.bench.gains prefix      http://127.0.0.1:8101 [--prompt-tokens 2000] [--questions 8]
    python -m inference.bench.gains speculation http://127.0.0.1:8101 http://127.0.0.1:8102

`prefix` asks several questions about one text, as a thread does: the first reads it, the others find it in the
cache; with another salt (other permissions) nothing may be found. `speculation` asks two servers of one model,
the first started without and the second with `speculative_tokens`, for a story and for a quotation of the
prompt, which is what guessing by n-grams is good at. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace

import httpx

from inference.bench.latency import SALT, prompt_of, time_answer
from inference.bench.load import QUOTE, prefix_hits
from inference.client import ChatClient
from inference.connection import open_http
from inference.protocol import ChatMessage, ChatRequest

OTHER_SALT = "a5" * 32
QUESTIONS = ("What stands at its beginning?", "Which word is the longest?", "How does it end?")
DRAFTED, ACCEPTED = (
    "vllm:spec_decode_num_draft_tokens_total",
    "vllm:spec_decode_num_accepted_tokens_total",
)


def prefix_gain(
    http: httpx.Client, client: ChatClient, *, prompt_tokens: int, questions: int
) -> dict[str, object]:
    """Return the waits for a first word, and which share of the tokens came from the cache."""
    text = prompt_of(client, prompt_tokens, seed=time.time_ns())
    cold, *warm = [_about(text, number) for number in range(questions)]
    first = time_answer(client, cold)
    before = prefix_hits(http)
    later = [time_answer(client, request) for request in warm]
    after = prefix_hits(http)
    stranger = time_answer(client, replace(warm[-1], cache_salt=OTHER_SALT))
    waits = [one.first_token_s for one in later]
    return {
        "prompt_tokens": first.prompt_tokens,
        "first_word_cold_s": round(first.first_token_s, 3),
        "first_word_warm_s": round(statistics.median(waits), 3),
        "first_word_other_permissions_s": round(stranger.first_token_s, 3),
        "gain": round(first.first_token_s / max(statistics.median(waits), 1e-9), 2),
        "tokens_from_cache": _share(before, after),
        "tokens_from_cache_other_permissions": _share(after, prefix_hits(http)),
    }


def _about(text: str, number: int) -> ChatRequest:
    question = f"{QUESTIONS[number % len(QUESTIONS)]} ({number})"
    message = ChatMessage("user", f"{text}\n\n{question}")
    return ChatRequest((message,), max_tokens=16, cache_salt=SALT)


def _share(before: dict[str, float], after: dict[str, float]) -> float | None:
    """Return the share of tokens that were found; None where the server does not count them."""
    if not before or not after or after["asked"] <= before["asked"]:
        return None
    return round((after["hit"] - before["hit"]) / (after["asked"] - before["asked"]), 4)


def speculation_gain(
    without: ChatClient, with_it: ChatClient, *, prompt_tokens: int, answer_tokens: int, runs: int
) -> dict[str, dict[str, float]]:
    """Return the speed of one stream on both servers, for each task, from the same prompts."""
    gains = {}
    for task in ("story", "quote"):
        rates: dict[str, list[float]] = {"without": [], "with": []}
        for run in range(runs):
            request = _task(without, task, prompt_tokens, answer_tokens, run)
            for name, client in (("without", without), ("with", with_it)):
                rates[name].append(time_answer(client, request).decode_tokens_per_s)
        slow, fast = statistics.median(rates["without"]), statistics.median(rates["with"])
        gains[task] = {
            "without_tokens_per_s": round(slow, 2),
            "with_tokens_per_s": round(fast, 2),
            "gain": round(fast / slow, 3) if slow else 0.0,
        }
        print(f"{task:6} {slow:8.1f} tokens/s without, {fast:8.1f} with: x {gains[task]['gain']}")
    return gains


def _task(client: ChatClient, task: str, tokens: int, answer_tokens: int, run: int) -> ChatRequest:
    text = prompt_of(client, tokens, seed=time.time_ns() + run)
    if task == "quote":
        text = text.split("\n\n")[0] + QUOTE.format(words=max(1, answer_tokens // 3))
    return ChatRequest((ChatMessage("user", text),), max_tokens=answer_tokens, cache_salt=SALT)


def accepted_share(http: httpx.Client) -> float | None:
    """Return which share of its guesses a server kept since its start; None when it guesses nothing."""
    response = http.get("/metrics")
    told = response.text if response.is_success else ""
    drafted, accepted = (
        sum(map(float, re.findall(rf"^{name}{{[^}}]*}} (\S+)$", told, re.MULTILINE)))
        for name in (DRAFTED, ACCEPTED)
    )
    return round(accepted / drafted, 4) if drafted else None


def _run_prefix(options: argparse.Namespace) -> dict[str, object]:
    with open_http(options.url) as http:
        gain = prefix_gain(
            http,
            ChatClient(http, options.model),
            prompt_tokens=options.prompt_tokens,
            questions=max(2, options.questions),
        )
    for name, value in gain.items():
        print(f"{name:36} {value}")
    return gain


def _run_speculation(options: argparse.Namespace) -> dict[str, object]:
    with open_http(options.without) as slow, open_http(options.with_it) as fast:
        gains = speculation_gain(
            ChatClient(slow, options.model),
            ChatClient(fast, options.model),
            prompt_tokens=options.prompt_tokens,
            answer_tokens=options.answer_tokens,
            runs=options.runs,
        )
        return {"tasks": gains, "accepted": accepted_share(fast)}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="inference.bench.gains",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    prefix = kinds.add_parser("prefix")
    prefix.set_defaults(run=_run_prefix)
    prefix.add_argument("url")
    prefix.add_argument("--questions", type=int, default=8)
    speculation = kinds.add_parser("speculation")
    speculation.set_defaults(run=_run_speculation)
    speculation.add_argument("without", help="address of the server without speculation")
    speculation.add_argument("with_it", help="address of the server with it")
    speculation.add_argument("--answer-tokens", type=int, default=128)
    speculation.add_argument("--runs", type=int, default=3)
    for one in (prefix, speculation):
        one.add_argument("--model")
        one.add_argument("--prompt-tokens", type=int, default=2000)
    options = parser.parse_args(arguments)
    told = options.run(options)
    print(json.dumps({"bench": f"gains-{options.kind}", **told}))


if __name__ == "__main__":
    main()
