"""What a vLLM server tells of itself at /metrics: how full it is, and how fast it writes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from prometheus_client.parser import text_string_to_metric_families

from inference.connection import check_status, read_at_most, translated_errors
from inference.errors import RequestRejected

LARGEST_METRICS = 1024 * 1024  # a vLLM tells 60 kB for each engine
RUNNING = "vllm:num_requests_running"
WAITING = "vllm:num_requests_waiting"
CACHE_USE = "vllm:kv_cache_usage_perc"  # between 0 and 1, whatever its name says
GENERATED = "vllm:generation_tokens_total"
FIRST_WORD_SUM = "vllm:time_to_first_token_seconds_sum"
FIRST_WORD_COUNT = "vllm:time_to_first_token_seconds_count"
PREFIX_ASKED = "vllm:prefix_cache_queries_total"
PREFIX_HIT = "vllm:prefix_cache_hits_total"
NAMES = (
    RUNNING, WAITING, CACHE_USE, GENERATED, FIRST_WORD_SUM, FIRST_WORD_COUNT, PREFIX_ASKED, PREFIX_HIT,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EngineReading:
    """One look at a server; its engines together. Counters are since its start."""

    running: int
    waiting: int
    cache_use: float  # of the fullest engine, between 0 and 1
    generated_tokens: float
    first_words: float  # answers that have begun
    first_words_s: float  # their waits, together
    prefix_asked: float = 0.0  # tokens of prompts
    prefix_hit: float = 0.0


@dataclass(frozen=True, slots=True)
class EngineSpeed:
    """What happened between two readings of one server."""

    tokens_per_s: float
    first_word_s: float | None  # mean; None: no answer has begun

    @classmethod
    def between(cls, earlier: EngineReading, later: EngineReading, seconds: float) -> EngineSpeed:
        """Reckon with a server that was started anew: its counters begin at nothing."""
        if later.generated_tokens < earlier.generated_tokens or seconds <= 0:
            return cls(0.0, _mean(later.first_words_s, later.first_words))
        return cls(
            (later.generated_tokens - earlier.generated_tokens) / seconds,
            _mean(
                later.first_words_s - earlier.first_words_s,
                later.first_words - earlier.first_words,
            ),
        )


def read_engine(http: httpx.Client, token: str = "") -> EngineReading:
    """Ask one server, with its token for metrics where it has one. Raises ModelUnavailable, or
    RequestRejected where it tells nothing of the kind."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    with translated_errors(), http.stream("GET", "/metrics", headers=headers) as response:
        check_status(response)
        content = read_at_most(response, LARGEST_METRICS)
    if len(content) > LARGEST_METRICS:
        raise RequestRejected(f"/metrics: larger than {LARGEST_METRICS} bytes")
    return parse_engine(content.decode("utf-8", errors="replace"))


def parse_engine(text: str) -> EngineReading:
    """Read vLLM's metrics out of Prometheus' text format; RequestRejected when they are not there."""
    found = _found(text)
    if missing := [name for name in (RUNNING, WAITING, CACHE_USE) if name not in found]:
        raise RequestRejected(f"/metrics: {missing[0]} is not there; is the server a vLLM?")
    return EngineReading(
        running=int(found[RUNNING]),
        waiting=int(found[WAITING]),
        cache_use=found[CACHE_USE],
        generated_tokens=found.get(GENERATED, 0.0),
        first_words=found.get(FIRST_WORD_COUNT, 0.0),
        first_words_s=found.get(FIRST_WORD_SUM, 0.0),
        prefix_asked=found.get(PREFIX_ASKED, 0.0),
        prefix_hit=found.get(PREFIX_HIT, 0.0),
    )


def _found(text: str) -> Mapping[str, float]:
    """Return the values of NAMES: sums over the engines, of the cache's use the largest."""
    found: dict[str, float] = {}
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name in NAMES and math.isfinite(sample.value):
                    before = found.get(sample.name, 0.0)
                    is_share = sample.name == CACHE_USE
                    found[sample.name] = (
                        max(before, sample.value) if is_share else before + sample.value
                    )
    except (ValueError, KeyError, IndexError) as exc:
        raise RequestRejected(f"/metrics: not Prometheus' text format: {exc}") from exc
    return found


def _mean(total: float, count: float) -> float | None:
    return total / count if count > 0 else None
