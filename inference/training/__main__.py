"""Trains the weights that the product ships.

    python -m inference.training --pairs FOLDER --out inference/weights --name NAME

The pairs are those of `python -m inference.training.extract`. MiniLM must be in the cache
(`python -m inference.serving fetch all-minilm-l6-v2`): its vectors of single words are the start.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from inference.minilm import MiniLM
from inference.packages import MINILM, default_cache_folder, model_folder
from inference.static import Weights, quantised, write_weights
from inference.training.bags import Bagger, Bags
from inference.training.contrastive import Floats, Schedule, train
from inference.training.pairs import Pair, read_pairs
from inference.training.questions import asked
from inference.training.vocabulary import WordCounts, rarity, taught

MOST_WORDS = 40_000
DIMENSIONS = 256
SEED = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", required=True, help="stored beside every vector")
    parser.add_argument("--epochs", type=int, default=Schedule().epochs)
    parser.add_argument("--dimensions", type=int, default=DIMENSIONS)
    parser.add_argument("--near", type=float, default=0.4, help="as docs/experiments.md chooses it")
    chosen = parser.parse_args()
    files = sorted(chosen.pairs.glob("*.jsonl.gz"))
    counts = WordCounts()
    for file in files:
        counts.add_source(read_pairs(file))
    words = counts.vocabulary(MOST_WORDS)
    numbers = {word: number for number, word in enumerate(words)}
    print(f"{len(words)} words of {len(files)} sources", flush=True)
    bags = Bagger(numbers).bags_of(asked(_numbered(files), seed=SEED))
    print(f"{len(bags)} pairs", flush=True)
    vectors = start(words, bags, chosen.dimensions)
    train(
        vectors,
        bags,
        Schedule(epochs=chosen.epochs),
        after_epoch=lambda epoch, loss: print(f"epoch {epoch}: loss {loss:.3f}", flush=True),
    )
    rows, scales = quantised(vectors)
    write_weights(chosen.out, Weights(chosen.name, words, rows, scales, chosen.near))


def start(words: tuple[str, ...], bags: Bags, dimensions: int) -> Floats:
    """Return MiniLM's vectors of the words, weighted by how rare they are."""
    teacher = MiniLM.load(model_folder(default_cache_folder(), MINILM))
    shares = np.bincount(bags.found.indices, minlength=len(words)) / max(1, len(bags))
    return taught(words, teacher, dimensions) * rarity(shares.astype(np.float32))[:, np.newaxis]


def _numbered(files: list[Path]) -> Iterator[tuple[int, Pair]]:
    for source, file in enumerate(files):
        for pair in read_pairs(file):
            yield source, pair


if __name__ == "__main__":
    main()
