"""Measure what fenced handles cost: structured outputs that keep handles that do not exist from being written.

    python -m inference.bench.fences http://127.0.0.1:8101 [--handles 12] [--answer-tokens 128] [--runs 5]

The same prompts are answered free and fenced, in turn, each new to the server. The first fenced answer
stands apart: for it the server makes the automaton that all later ones of these handles share. When
the server refuses the fence, it says so. The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from inference.bench.latency import SALT, Timing, median, prompt_of, time_answer
from inference.client import ChatClient
from inference.connection import open_http
from inference.protocol import ChatMessage, ChatRequest

CITE = "\n\nName a handle from [E1] to [E{last}] in square brackets after each of your sentences."


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians over all runs: seconds to the first token, and tokens a second after it."""

    runs: int
    handles: int
    first_token_s: float
    first_token_fenced_s: float
    first_fence_s: float  # of the first fenced answer, which makes the automaton
    tokens_s: float
    tokens_s_fenced: float

    @property
    def ms_a_token(self) -> float:
        """Return how much longer a token takes behind the fence."""
        return round(1000 / self.tokens_s_fenced - 1000 / self.tokens_s, 3)


class Refused(Exception):
    """The server does not hold an answer to a structural tag."""


def measure(client: ChatClient, *, handles: int, answer_tokens: int, runs: int) -> Cost:
    """Ask free and fenced in turn. Raises Refused."""
    named = tuple(f"E{number}" for number in range(1, handles + 1))
    free: list[Timing] = []
    fenced: list[Timing] = []
    for run in range(runs + 1):
        request = _request(client, answer_tokens, handles, seed=time.time_ns() + run)
        free.append(time_answer(client, request))
        again = _request(client, answer_tokens, handles, seed=time.time_ns() - run)
        fenced.append(time_answer(client, replace(again, handles=named)))
        if client.refuses("structural_tag"):
            raise Refused("the server refuses structural tags: handles cannot be fenced there")
    first, *later = fenced
    return Cost(
        runs,
        handles,
        median([one.first_token_s for one in free[1:]]),
        median([one.first_token_s for one in later]),
        round(first.first_token_s, 3),
        median([one.decode_tokens_per_s for one in free[1:]]),
        median([one.decode_tokens_per_s for one in later]),
    )


def _request(client: ChatClient, answer_tokens: int, handles: int, *, seed: int) -> ChatRequest:
    text = prompt_of(client, 300, seed=seed) + CITE.format(last=handles)
    return ChatRequest((ChatMessage("user", text),), max_tokens=answer_tokens, cache_salt=SALT)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="inference.bench.fences")
    parser.add_argument("url", help="address of the model server")
    parser.add_argument("--model", help="name of the served model (default: the first)")
    parser.add_argument("--handles", type=int, default=12)
    parser.add_argument("--answer-tokens", type=int, default=128)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args(arguments)
    with open_http(options.url) as http:
        try:
            cost = measure(
                ChatClient(http, options.model),
                handles=options.handles,
                answer_tokens=options.answer_tokens,
                runs=options.runs,
            )
        except Refused as exc:
            raise SystemExit(str(exc)) from exc
    told = asdict(cost) | {"ms_a_token": cost.ms_a_token}
    for name, value in told.items():
        print(f"{name:24} {value}")
    print(json.dumps(told))


if __name__ == "__main__":
    main()
