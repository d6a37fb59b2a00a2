"""Measure the embedding models that run in this process: texts and words a second, memory, start.

    python -m inference.bench.embedding FOLDER [--texts 2000] [--models static minilm]

The texts are pieces of 40 lines of the folder's files. Each model is measured in a process of its
own, with one thread, so that the memory is its own; MiniLM gets a twentieth of the texts, since it
is slow. The last line of output is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inference.packages import MINILM, default_cache_folder, model_folder

LINES = 40
BATCH = 64
MINILM_SHARE = 20
KIB = 1024


class Model(Protocol):
    name: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class Speed:
    """What one model takes on one core. Seconds are those of the processor."""

    model: str
    dimensions: int
    texts: int
    texts_per_s: float
    words_per_s: float
    query_ms: float
    load_s: float  # reading the weights, without Python's own start
    memory_mb: float  # resident, at its highest, of the whole process


def texts_of(folder: Path, count: int) -> list[str]:
    """Return pieces of a folder's text files, each under its path."""
    texts: list[str] = []
    for file in sorted(folder.rglob("*")):
        if not file.is_file() or file.stat().st_size > 1_000_000:
            continue
        try:
            lines = file.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError):
            continue
        path = str(file.relative_to(folder))
        texts += [
            "\n".join([path, *lines[start : start + LINES]])
            for start in range(0, len(lines), LINES)
        ]
        if len(texts) >= count:
            break
    return texts[:count]


def load(name: str) -> Model:
    # Only the model that is measured may be in this process's memory.
    if name == "static":
        from inference.static import StaticModel

        return StaticModel.load()
    from inference.minilm import MiniLM

    return MiniLM.load(model_folder(default_cache_folder(), MINILM), threads=1)


def measure(name: str, texts: Sequence[str]) -> Speed:
    """Load a model and embed the texts once, in batches."""
    began = time.perf_counter()
    model = load(name)
    load_s = time.perf_counter() - began
    if name != "static":
        texts = texts[::MINILM_SHARE]
    model.embed(["Is it this text, or every text?"])
    began = time.process_time()
    for start in range(0, len(texts), BATCH):
        model.embed(texts[start : start + BATCH])
    taken = time.process_time() - began
    began = time.process_time()
    for number in range(20):
        model.embed([f"Where is the answer number {number} written down?"])
    return Speed(
        model=model.name,
        dimensions=model.dimensions,
        texts=len(texts),
        texts_per_s=round(len(texts) / taken, 1),
        words_per_s=round(sum(len(text.split()) for text in texts) / taken),
        query_ms=round((time.process_time() - began) / 20 * 1000, 2),
        load_s=round(load_s, 3),
        memory_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB, 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--models", nargs="+", choices=("static", "minilm"), default=["static"])
    parser.add_argument("--one", choices=("static", "minilm"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(asdict(measure(asked.one, texts_of(asked.folder, asked.texts)))))
        return
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    speeds = []
    for name in asked.models:
        command = [sys.executable, "-m", "inference.bench.embedding", str(asked.folder)]
        command += ["--texts", str(asked.texts), "--one", name]
        done = subprocess.run(  # noqa: S603 - this module itself
            command, env=one_thread, check=True, stdout=subprocess.PIPE, text=True
        )
        speeds.append(json.loads(done.stdout.splitlines()[-1]))
        print("  ".join(f"{key}={value}" for key, value in speeds[-1].items()), flush=True)
    print(json.dumps(speeds))


if __name__ == "__main__":
    main()
