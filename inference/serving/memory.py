"""The memory plan of a model under a profile: what its weights leave for threads of full length.

Reckoned before anything is loaded, so that what cannot fit is refused in a second and not after
minutes. What vLLM takes besides weights and cache is an estimate on the safe side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inference.errors import ServingFailed
from inference.serving.adapters import Adapter, bytes_of, rank_of, slots_of
from inference.serving.machine import Machine
from inference.serving.profiles import GIB, Profile
from inference.serving.shape import BYTES_OF, Shape

CONTEXT_BYTES = int(0.6 * GIB)  # of CUDA and its libraries, on each card
GRAPH_BYTES = int(0.7 * GIB)  # captured CUDA graphs, on each card
HIDDEN_COPIES = 6  # activations of the width of the model that live at the same time
LOGIT_BYTES = 4  # of each word of the vocabulary, for each answer that is written


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """All in bytes, over all cards together."""

    available: int  # on a processor: weights, work and cache together
    weights: int
    work: int  # activations, logits, and what CUDA takes
    cache: int  # keys and values: what is left
    per_token: int
    window_tokens: int
    missing: int  # for one thread of full length; 0: it fits
    adapters: int = 0  # what is set aside for them

    @property
    def tokens(self) -> int:
        return self.cache // self.per_token

    @property
    def full_threads(self) -> int:
        """Return how many threads of the full window fit at the same time."""
        return self.tokens // self.window_tokens


def plan_memory(
    profile: Profile, shape: Shape, machine: Machine, adapters: Sequence[Adapter] = ()
) -> MemoryPlan:
    """Reckon a profile for a model. Raises ServingFailed when the model cannot be served so at all."""
    _check(profile, shape)
    _check_processor(profile, shape, machine)
    width = 1 if profile.kv_dtype == "fp8" else BYTES_OF[_cache_dtype(profile, shape, machine)]
    per_token = shape.kv_bytes_per_token(width)
    weights = _weights(profile, shape, machine)
    work = _work(profile, shape)
    aside = bytes_of(shape, rank_of(adapters), slots_of(profile, adapters))
    taken = weights + work + aside
    if profile.device == "cpu":
        available, cache = taken + profile.kv_cache_bytes, profile.kv_cache_bytes
    else:
        available = profile.gpu_bytes
        cache = max(0, available - taken)
    missing = max(0, taken + per_token * profile.window_tokens - available)
    return MemoryPlan(
        available, weights, work, cache, per_token, profile.window_tokens, missing, aside
    )


def check_fits(name: str, plan: MemoryPlan) -> None:
    """Raise ServingFailed when not even one thread of full length fits."""
    if plan.missing:
        raise ServingFailed(
            f"{name}: {in_gib(plan.missing)} of memory are missing for one thread of "
            f"{plan.window_tokens} tokens (weights {in_gib(plan.weights)}, work {in_gib(plan.work)}, "
            f"of {in_gib(plan.available)}). Take a larger card or more of them, a smaller window, "
            "or kv_dtype: fp8."
        )


def in_gib(size_bytes: int) -> str:
    return f"{size_bytes / GIB:.1f} GiB"


def _check(profile: Profile, shape: Shape) -> None:
    if profile.window_tokens > shape.longest_window:
        raise ServingFailed(
            f"{shape.name} was made for {shape.longest_window} tokens: it cannot read a window of "
            f"{profile.window_tokens}."
        )
    if shape.heads % profile.gpus or shape.kv_heads % profile.gpus:
        raise ServingFailed(
            f"{shape.name} has {shape.heads} heads and {shape.kv_heads} for keys and values: they "
            f"cannot be split over {profile.gpus} cards."
        )


def _check_processor(profile: Profile, shape: Shape, machine: Machine) -> None:
    """Refuse 4 bits where vLLM has no code for them: it would load, and end with the first request."""
    is_packed = profile.device == "cpu" and shape.quantization is not None
    if is_packed and machine.architecture == "x86_64" and "avx512f" not in machine.flags:
        raise ServingFailed(
            f"{shape.name} is quantized, and vLLM multiplies such weights only on processors with AVX-512, "
            "which this one has not. Serve the original, or serve this one on a card."
        )


def _cache_dtype(profile: Profile, shape: Shape, machine: Machine) -> str:
    return machine.dtype if profile.device == "cpu" else shape.dtype


def _weights(profile: Profile, shape: Shape, machine: Machine) -> int:
    """Return what the weights take once loaded: a processor without bfloat16 holds them in float32."""
    if profile.device == "cuda" or shape.quantization is not None:
        return shape.weight_bytes
    return shape.weight_bytes * BYTES_OF[machine.dtype] // BYTES_OF[shape.dtype]


def _work(profile: Profile, shape: Shape) -> int:
    widths = HIDDEN_COPIES * shape.hidden + 2 * shape.intermediate // profile.gpus
    activations = profile.gpus * profile.max_batched_tokens * widths * 2
    logits = profile.max_sequences * shape.vocabulary * LOGIT_BYTES
    if profile.device == "cpu":
        return activations + logits
    graphs = 0 if profile.enforce_eager else GRAPH_BYTES
    return activations + logits + profile.gpus * (CONTEXT_BYTES + graphs)
