"""Measure one model server under load: first words, the pauses between words, and words in all.

    python -m inference.bench.load http://127.0.0.1:8101 --streams 1,4,16,64 --prompt-tokens 2000
        [--task quote] [--shape codellama-34b-gptq --bandwidth 3350] [--plot load.svg]

For each number of streams so many prompts are sent at once, none of which the server has seen. `quote` asks
for a part of the prompt word for word, which is what guessing by n-grams is good at: run it against a
server with and one without. With the model's shape and the card's bandwidth in GB/s the limit of one
stream stands beside what was reached: decoding reads all weights for each token. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from inference.bench.latency import SALT, Timing, prompt_of, time_answer
from inference.bench.plots import line_plot
from inference.client import ChatClient
from inference.connection import open_http
from inference.engine import read_engine
from inference.errors import InferenceError, ModelUnavailable
from inference.protocol import ChatMessage, ChatRequest
from inference.serving.shape import SHAPES, read_shape, shape_names

QUOTE = "\n\nRepeat the first {words} words of the text above exactly, and nothing else."


@dataclass(frozen=True, slots=True)
class Load:
    """What came of so many streams at once."""

    streams: int
    failed: int
    prompt_tokens: int
    first_p50_s: float
    first_p95_s: float
    pause_p50_ms: float
    pause_p95_ms: float
    tokens_per_s_each: float  # median of the streams, after their first word
    tokens_per_s: float  # all together, over the whole time


def measure(
    client: ChatClient, streams: int, *, prompt_tokens: int, answer_tokens: int, task: str
) -> Load:
    """Send so many prompts at once. A stream that fails is counted and left out."""
    requests = [
        ChatRequest(
            (ChatMessage("user", _prompt(client, prompt_tokens, answer_tokens, task, number)),),
            max_tokens=answer_tokens,
            cache_salt=SALT,
        )
        for number in range(streams)
    ]
    started = time.perf_counter()
    with ThreadPoolExecutor(streams) as pool:
        outcomes = list(pool.map(lambda request: _answer(client, request), requests))
    wall = time.perf_counter() - started
    answers = [one for one in outcomes if isinstance(one, Timing)]
    failures = [one for one in outcomes if isinstance(one, InferenceError)]
    if not answers:
        raise ModelUnavailable(f"none of {streams} streams was answered: {failures[0]}")
    firsts = [one.first_token_s for one in answers]
    pauses = [pause for one in answers for pause in one.pauses_s] or [0.0]
    rates = [one.decode_tokens_per_s for one in answers]
    return Load(
        streams=streams,
        failed=len(failures),
        prompt_tokens=round(statistics.median(one.prompt_tokens for one in answers)),
        first_p50_s=round(_quantile(firsts, 0.5), 3),
        first_p95_s=round(_quantile(firsts, 0.95), 3),
        pause_p50_ms=round(1000 * _quantile(pauses, 0.5), 1),
        pause_p95_ms=round(1000 * _quantile(pauses, 0.95), 1),
        tokens_per_s_each=round(statistics.median(rates), 2),
        tokens_per_s=round(sum(one.completion_tokens for one in answers) / wall, 2),
    )


def _prompt(client: ChatClient, tokens: int, answer_tokens: int, task: str, number: int) -> str:
    text = prompt_of(client, tokens, seed=time.time_ns() + number)
    if task == "quote":
        words = text.split("\n\n")[0]
        return words + QUOTE.format(words=max(1, answer_tokens // 3))
    return text


def _answer(client: ChatClient, request: ChatRequest) -> Timing | InferenceError:
    """Return one answer's times, or why it failed."""
    try:
        return time_answer(client, request)
    except InferenceError as error:
        return error


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def prefix_hits(http: httpx.Client) -> dict[str, float]:
    """Return vLLM's counters of its prefix cache, empty where the server has none."""
    try:
        reading = read_engine(http)
    except InferenceError:
        return {}
    return {"asked": reading.prefix_asked, "hit": reading.prefix_hit}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="inference.bench.load",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("url", help="address of the model server")
    parser.add_argument("--model", help="name of the served model (default: the first)")
    parser.add_argument("--streams", default="1,4,16", help="how many at once, one after the other")
    parser.add_argument("--prompt-tokens", type=int, default=1000)
    parser.add_argument("--answer-tokens", type=int, default=128)
    parser.add_argument("--task", choices=["story", "quote"], default="story")
    parser.add_argument("--shape", choices=shape_names(), help="of the model, for the limit")
    parser.add_argument("--bandwidth", type=float, help="of the card's memory, in GB/s")
    parser.add_argument("--plot", type=Path, help="write a plot (SVG)")
    options = parser.parse_args(arguments)
    with open_http(options.url) as http:
        client = ChatClient(http, options.model)
        before = prefix_hits(http)
        loads = []
        for streams in map(int, options.streams.split(",")):
            loads.append(
                measure(
                    client,
                    streams,
                    prompt_tokens=options.prompt_tokens,
                    answer_tokens=options.answer_tokens,
                    task=options.task,
                )
            )
            print(_line(loads[-1]))
        told = {
            "bench": "load",
            "model": client.model_name(),
            "task": options.task,
            "loads": [asdict(load) for load in loads],
            "prefix_cache": {"before": before, "after": prefix_hits(http)},
            **_limit(options.shape, options.bandwidth, loads[0]),
        }
    if options.plot:
        options.plot.write_text(_plot(loads), encoding="utf-8")
    print(json.dumps(told))


def _line(load: Load) -> str:
    return (
        f"{load.streams:4} streams: first words {load.first_p50_s} s (p95 {load.first_p95_s}), pauses"
        f" {load.pause_p50_ms} ms (p95 {load.pause_p95_ms}), {load.tokens_per_s_each} tokens/s each,"
        f" {load.tokens_per_s} together, {load.failed} failed"
    )


def _limit(shape: str | None, bandwidth: float | None, load: Load) -> dict[str, float]:
    if not shape or not bandwidth:
        return {}
    limit = bandwidth * 1e9 / read_shape(SHAPES / shape).read_bytes_per_token
    share = load.tokens_per_s_each / limit
    print(f"limit of one stream {limit:.1f} tokens/s; reached {share:.0%} with {load.streams}")
    return {"limit_tokens_per_s": round(limit, 2), "limit_reached": round(share, 4)}


def _plot(loads: Sequence[Load]) -> str:
    return line_plot(
        "Tokens a second by streams at once",
        [
            ("together", [(load.streams, load.tokens_per_s) for load in loads]),
            ("each", [(load.streams, load.tokens_per_s_each) for load in loads]),
        ],
    )


if __name__ == "__main__":
    main()
