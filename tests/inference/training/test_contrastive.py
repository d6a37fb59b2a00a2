"""Learning by contrast: the gradient is the loss's, batches keep sources together, training helps."""

from __future__ import annotations

import numpy as np
import pytest

from inference.training.bags import Bagger, Bags
from inference.training.contrastive import Schedule, _gradient, blocked, train
from inference.training.pairs import Pair

WORDS = tuple(f"w{letter}" for letter in "abcdefghij")
NUMBERS = {word: number for number, word in enumerate(WORDS)}


def bags() -> Bags:
    """Return pairs whose sides share no word: a question in a to e, its answer in f to j."""
    random = np.random.default_rng(3)
    pairs = []
    for _ in range(64):
        first, second = random.choice(5, size=2, replace=False)
        pairs.append(
            (
                0,
                Pair(
                    "comment",
                    f"{WORDS[first]} {WORDS[second]}",
                    f"{WORDS[5 + first]} {WORDS[5 + second]}",
                ),
            )
        )
    return Bagger(NUMBERS).bags_of(pairs)


def test_the_gradient_is_that_of_the_loss() -> None:
    vectors = np.random.default_rng(1).normal(size=(len(WORDS), 6)).astype(np.float32)
    few = bags().at(np.arange(8))
    touched, gradient, _ = _gradient(vectors, few, 5.0)
    step = 1e-2
    for row, column in ((0, 0), (len(touched) // 2, 3), (len(touched) - 1, 5)):
        moved = []
        for sign in (1, -1):
            changed = vectors.copy()
            changed[touched[row], column] += sign * step
            moved.append(_gradient(changed, few, 5.0)[2])
        measured = (moved[0] - moved[1]) / (2 * step)
        assert gradient[row, column] == pytest.approx(measured, abs=5e-3)


def test_training_brings_pairs_together_that_share_no_word() -> None:
    vectors = np.random.default_rng(1).normal(size=(len(WORDS), 8)).astype(np.float32) * 0.1
    losses: list[float] = []
    schedule = Schedule(epochs=60, batch=32, rate=0.05)
    train(vectors, bags(), schedule, after_epoch=lambda epoch, loss: losses.append(loss))
    assert len(losses) == 60
    assert losses[-1] < losses[0] - 0.5
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    nearest = (unit[:5] @ unit[5:].T).argmax(axis=1)
    assert nearest.tolist() == [0, 1, 2, 3, 4]


def test_blocks_keep_a_source_together_and_no_row_is_lost() -> None:
    sources = np.repeat(np.arange(4), 30).astype(np.int32)
    order = blocked(sources, 10, np.random.default_rng(1))
    assert sorted(order) == list(range(120))
    assert all(len(set(sources[order[start : start + 10]])) == 1 for start in range(0, 120, 10))


def test_texts_without_a_known_word_are_no_pair() -> None:
    pairs = [(0, Pair("comment", "unknown", "wa")), (1, Pair("comment", "wa Wb wa", "wc"))]
    found = Bagger(NUMBERS).bags_of(pairs)
    assert found.sources.tolist() == [1]
    assert found.asking.toarray()[0, :3] == pytest.approx([1 + np.log(2), 1, 0])
