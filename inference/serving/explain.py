"""What a profile comes to, in words: the memory plan, the speed limit, the exact command."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import asdict

from inference.serving.launch import Launch
from inference.serving.memory import MemoryPlan, in_gib
from inference.serving.profiles import Profile
from inference.serving.shape import Shape

# Bytes a second that a card of the class reads, from its maker's data sheet; the limit of decoding.
BANDWIDTH = {
    "chat-1x24gb": ("L4 300 GB/s, RTX 4090 1,008 GB/s", (300e9, 1008e9)),
    "chat-2x24gb": ("two L4 600 GB/s, two RTX 4090 2,016 GB/s", (600e9, 2016e9)),
    "chat-1x48gb": ("A6000 768 GB/s, L40S 864 GB/s", (768e9, 864e9)),
    "chat-1x80gb": ("A100 2,039 GB/s, H100 3,350 GB/s", (2039e9, 3350e9)),
}


def explained(
    name: str, profile: Profile, shape: Shape, plan: MemoryPlan, launch: Launch | None
) -> Iterator[str]:
    """Yield the lines of an explanation."""
    bits = f", {shape.quantization.bits} bits" if shape.quantization else f", {shape.dtype}"
    yield f"Profile   {name}: {profile.role} on {_where(profile)}"
    yield f"Model     {shape.name}: {shape.parameters / 1e9:.1f} billion parameters{bits}"
    yield f"Memory    {in_gib(plan.available)} for vLLM"
    yield f"  weights {in_gib(plan.weights)} ({plan.weights / 1e9:.1f} GB)"
    if plan.adapters:
        yield f"  aside   {in_gib(plan.adapters)} for adapters"
    yield f"  work    {in_gib(plan.work)} (activations, logits, CUDA; an estimate)"
    yield f"  cache   {in_gib(plan.cache)}: {plan.per_token / 1024:.0f} KiB a token, {plan.tokens:,} tokens"
    yield (
        f"Threads   {plan.full_threads} of {plan.window_tokens:,} tokens at the same time; "
        f"{profile.max_sequences} answers at most"
    )
    if name in BANDWIDTH:
        cards, (slow, fast) = BANDWIDTH[name]
        per_token = shape.read_bytes_per_token
        yield (
            f"Speed     at most {slow / per_token:.0f} to {fast / per_token:.0f} tokens/s for one answer "
            f"without speculation: {per_token / 1e9:.1f} GB are read for each ({cards})"
        )
    if launch is not None:
        yield "Command   " + shlex.join(launch.argv)
        for variable, value in sorted(launch.environment.items()):
            yield f"          {variable}={value}"


def to_json(name: str, profile: Profile, shape: Shape, plan: MemoryPlan) -> str:
    """Return the figures as one line of JSON."""
    return json.dumps(
        {
            "profile": name,
            "role": profile.role,
            "model": shape.name,
            "parameters": shape.parameters,
            **{f"{key}_bytes": value for key, value in asdict(plan).items() if "window" not in key},
            "window_tokens": plan.window_tokens,
            "cache_tokens": plan.tokens,
            "full_threads": plan.full_threads,
            "fits": not plan.missing,
        }
    )


def _where(profile: Profile) -> str:
    if profile.device == "cpu":
        return "the processor"
    cards = "one card" if profile.gpus == 1 else f"{profile.gpus} cards"
    return f"{cards} of {profile.gpu_memory_gib:g} GiB, {profile.gpu_memory_share:.0%} of it"
