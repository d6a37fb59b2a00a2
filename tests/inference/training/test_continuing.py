"""Going on from shipped weights: an installation's own words are learned, few pairs teach nothing."""

from __future__ import annotations

import random

import numpy as np

from inference.static import WEIGHTS, Weights, read_weights
from inference.training.continuing import go_on, new_words
from inference.training.pairs import Pair

# What a company calls its things, and what its code calls them: nobody else pairs these words.
NAMES = {
    "harbour": "quayqueue",
    "lantern": "glowctl",
    "meadow": "fieldbus",
    "anvil": "forgecore",
    "orchard": "treestore",
    "compass": "bearinglib",
}
VERBS = ("restart", "refuse", "measure", "cache", "sort", "log", "retry", "split")


def history(count: int) -> list[Pair]:
    chosen = random.Random(5)  # noqa: S311 - made-up history, no secret
    pairs = []
    for _ in range(count):
        name, verb = chosen.choice(list(NAMES)), chosen.choice(VERBS)
        code = f"src/{NAMES[name]}.py\ndef {verb}_{NAMES[name]}(value):\n    return {verb}(value)"
        pairs.append(Pair("commit", f"{verb} the {name}", code))
    return pairs


def test_a_small_run_finds_held_out_texts_better_than_the_shipped_weights() -> None:
    shipped = read_weights(WEIGHTS)
    before = shipped.vectors.copy()
    continued = go_on(shipped, history(600), name="continued")
    assert continued is not None
    assert continued.held_out == 150
    assert continued.wins
    assert continued.after > continued.before + 0.1
    assert continued.weights.name == "continued"
    assert np.array_equal(shipped.vectors, before)


def test_too_few_pairs_teach_nothing() -> None:
    assert go_on(read_weights(WEIGHTS), history(100), name="continued") is None


def test_only_frequent_unknown_words_are_added() -> None:
    weights = Weights("w", ("sort",), np.ones((1, 2), np.int8), np.ones(1, np.float32), 0.4)
    pairs = [Pair("commit", "sort the quays", "quays.py")] * 3 + [Pair("commit", "once", "sort")]
    assert new_words(weights, pairs) == ["quays"]
