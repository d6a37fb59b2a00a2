"""What the model server's settings depend on: the processor and the cores we may use."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

# Processors that multiply bfloat16 numbers themselves. Others imitate it: measured with AVX2 alone,
# 14 tokens/s of prefill against about 100 in float32.
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
MANY_CORES = 4


@dataclass(frozen=True, slots=True)
class Machine:
    architecture: str  # as `uname -m` says
    flags: frozenset[str]
    cores: int

    @property
    def dtype(self) -> str:
        return "bfloat16" if self.flags & BFLOAT16_FLAGS else "float32"

    @property
    def model_threads(self) -> int:
        """Leave a core to the other processes where there are enough of them."""
        return self.cores - 1 if self.cores >= MANY_CORES else self.cores


def read_machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> Machine:
    text = cpuinfo.read_text(encoding="utf-8", errors="replace") if cpuinfo.exists() else ""
    return Machine(platform.machine(), _flags(text), _usable_cores(text))


def _flags(cpuinfo: str) -> frozenset[str]:
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in {"flags", "Features"}:  # x86-64, aarch64
            return frozenset(value.split())
    return frozenset()


def _usable_cores(cpuinfo: str) -> int:
    """Count the cores, not their hyperthreads: two threads share one multiplier."""
    allowed = len(os.sched_getaffinity(0))
    cores = set()
    for block in cpuinfo.split("\n\n"):
        fields = dict(line.partition(":")[::2] for line in block.splitlines())
        named = {key.strip(): value.strip() for key, value in fields.items()}
        if "core id" in named:
            cores.add((named.get("physical id"), named["core id"]))
    return max(1, min(allowed, len(cores) or allowed))
