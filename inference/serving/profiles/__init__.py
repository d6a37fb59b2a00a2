"""One file per role and machine class: how a model is served there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import yaml

from inference.errors import ServingFailed

FOLDER = Path(__file__).parent
GIB = 1024**3

Role = Literal["chat", "embed", "rerank"]
Device = Literal["cpu", "cuda"]


@dataclass(frozen=True, slots=True)
class Profile:
    """What vLLM is told. On a processor the cache has a size; on GPUs it gets what is left."""

    served_name: str
    window_tokens: int
    max_sequences: int  # answered at the same time
    role: Role = "chat"
    device: Device = "cpu"
    shape: str = ""  # that it was made for; any other model may be given
    kv_cache_bytes: int = 0  # cpu
    enforce_eager: bool = False  # no compilation, no CUDA graphs
    gpus: int = 1  # the model is split over so many cards of one host
    gpu_memory_gib: float = 0.0  # of one card, as its driver reports it
    gpu_memory_share: float = 0.92  # of it for vLLM
    kv_dtype: Literal["auto", "fp8"] = "auto"  # fp8: half the cache, on Ada and newer
    max_batched_tokens: int = 2048  # read in one step: longer prompts are read in pieces
    speculative_tokens: int = 0  # guessed from the prompt by n-grams: answers quote their context
    adapters: int = 4  # LoRA adapters held beside the model at the same time; others wait
    hf_overrides: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sized = self.kv_cache_bytes if self.device == "cpu" else self.gpu_memory_gib
        if min(self.window_tokens, self.max_sequences, self.gpus, sized) <= 0:
            raise ServingFailed(f"the profile of {self.served_name} has a number below 1")
        if not 0 < self.gpu_memory_share <= 1:
            raise ServingFailed(f"the profile of {self.served_name}: gpu_memory_share is a share")

    @property
    def gpu_bytes(self) -> int:
        """Return what vLLM may take of all cards together."""
        return int(self.gpus * self.gpu_memory_gib * self.gpu_memory_share * GIB)


def profile_names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def get_profile(name: str) -> Profile:
    """Read a profile; raise ServingFailed for an unknown name or a wrong field."""
    if name not in profile_names():
        raise ServingFailed(f"no profile {name!r}: there are {', '.join(profile_names())}")
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    try:
        return Profile(**yaml.safe_load(text))
    except TypeError as exc:
        raise ServingFailed(f"profile {name}: {exc}") from exc
