"""Goes on learning from where other weights stopped: on an installation's own history.

The newest pairs are held out. What was learned is returned with how well both weights find the
held-out texts, so that the caller takes it only when it wins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inference.static import StaticModel, Weights, quantised
from inference.training.bags import Bagger
from inference.training.contrastive import Schedule, train
from inference.training.pairs import Pair
from inference.words import WORD, parts_of

HELD_OUT = 0.25  # of the pairs, the newest
FEWEST_PAIRS = 200  # below, there is nothing to learn that would hold
FEWEST_TIMES = 5  # a new word must occur so often
MOST_NEW_WORDS = 10_000
SAME = 1e-6  # cosines that differ by less are equal
GENTLE = Schedule(epochs=5, batch=128, rate=0.005)  # faster forgets more than it learns


@dataclass(frozen=True, slots=True)
class Continued:
    """New weights, and the mean reciprocal rank of the held-out texts by both."""

    weights: Weights
    held_out: int
    before: float
    after: float

    @property
    def wins(self) -> bool:
        return self.after > self.before


def go_on(
    weights: Weights, pairs: Sequence[Pair], *, name: str, schedule: Schedule = GENTLE
) -> Continued | None:
    """Learn from pairs, oldest first; None when there are too few. The given weights stay."""
    if len(pairs) < FEWEST_PAIRS:
        return None
    kept = round(len(pairs) * (1 - HELD_OUT))
    older, newer = pairs[:kept], pairs[kept:]
    words = (*weights.words, *new_words(weights, older))
    vectors = np.zeros((len(words), weights.dimensions), dtype=np.float32)
    vectors[: len(weights.words)] = weights.vectors * weights.scales[:, np.newaxis]
    numbers = {word: number for number, word in enumerate(words)}
    train(vectors, Bagger(numbers).bags_of((0, pair) for pair in older), schedule)
    rows, scales = quantised(vectors)
    learned = Weights(name, words, rows, scales, weights.near)
    distractors = [pair.document for pair in older]
    return Continued(
        learned,
        len(newer),
        before=reciprocal_rank(weights, newer, distractors),
        after=reciprocal_rank(learned, newer, distractors),
    )


def new_words(weights: Weights, pairs: Sequence[Pair]) -> list[str]:
    """Return frequent words that the weights do not know: names of this installation."""
    known = frozenset(weights.words)
    words = Counter(
        word
        for pair in pairs
        for text in (pair.query, pair.document)
        for word in WORD.findall(text)
    )
    parts: Counter[str] = Counter()
    for word, times in words.items():
        for part in parts_of(word):
            if part not in known:
                parts[part] += times
    return [word for word, times in parts.most_common(MOST_NEW_WORDS) if times >= FEWEST_TIMES]


def reciprocal_rank(weights: Weights, pairs: Sequence[Pair], distractors: Sequence[str]) -> float:
    """Return the mean reciprocal rank of each pair's text among those of all and distractors.

    Among equally near texts a text has the middle rank.
    """
    model = StaticModel(weights)
    documents = list(dict.fromkeys([*(pair.document for pair in pairs), *distractors]))
    places = {document: place for place, document in enumerate(documents)}
    similarities = model.embed([pair.query for pair in pairs]) @ model.embed(documents).T
    gold = [places[pair.document] for pair in pairs]
    right = similarities[np.arange(len(pairs)), gold][:, np.newaxis]
    nearer = (similarities > right + SAME).sum(axis=1)
    as_near = (np.abs(similarities - right) <= SAME).sum(axis=1) - 1
    return float((1 / (1 + nearer + as_near / 2)).mean())
