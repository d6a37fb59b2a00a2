"""Learning by contrast: of all texts of a batch, each question shall be nearest to its own.

The loss is the symmetric InfoNCE of CLIP (Radford et al., arXiv 2103.00020) over cosines, minimised
by Adam (Kingma and Ba, arXiv 1412.6980) on the rows that a batch touches. A batch is made of blocks
of pairs of one source: texts of one repository are each other's hard negatives.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from inference.static import unit_length
from inference.training.bags import Bags

logger = logging.getLogger(__name__)

Floats = NDArray[np.float32]
FIRST_MOMENT, SECOND_MOMENT = 0.9, 0.98
WARM_UP = 0.1  # of the steps, at most 100


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast. Each was chosen on the validation sets of docs/experiments.md."""

    epochs: int = 2
    batch: int = 1024
    block: int = 64  # pairs of one source that stand together in a batch
    rate: float = 0.01
    scale: float = 14.0  # of the cosines before the softmax: one over the temperature
    seed: int = 1


def train(
    vectors: Floats,
    bags: Bags,
    schedule: Schedule,
    *,
    after_epoch: Callable[[int, float], None] = lambda epoch, loss: None,
) -> None:
    """Change the vectors of the words (V x D) in place; their lengths are the words' weights.

    `after_epoch` is told the epoch and its mean loss.
    """
    random = np.random.default_rng(schedule.seed)
    batch = min(schedule.batch, len(bags))
    steps = len(bags) // batch * schedule.epochs
    adam = _Adam(vectors)
    warm_up = min(100.0, 1 + WARM_UP * steps)
    step = 0
    for epoch in range(1, schedule.epochs + 1):
        order = blocked(bags.sources, schedule.block, random)
        losses = []
        for start in range(0, len(order) - batch + 1, batch):
            step += 1
            rate = schedule.rate * min(1.0, step / warm_up) * max(0.05, 1 - step / (steps + 1))
            touched, gradient, loss = _gradient(
                vectors, bags.at(order[start : start + batch]), schedule.scale
            )
            adam.step(touched, gradient, rate)
            losses.append(loss)
        after_epoch(epoch, float(np.mean(losses)) if losses else 0.0)


def blocked(
    sources: NDArray[np.int32], block: int, random: np.random.Generator
) -> NDArray[np.int64]:
    """Return all rows in a random order in which blocks of one source stay together."""
    shuffled = random.permutation(len(sources))
    by_source = shuffled[np.argsort(sources[shuffled], kind="stable")]
    blocks = [by_source[start : start + block] for start in range(0, len(by_source), block)]
    return np.concatenate([blocks[at] for at in random.permutation(len(blocks))])


def _gradient(vectors: Floats, bags: Bags, scale: float) -> tuple[NDArray[np.int64], Floats, float]:
    """Return the words of a batch, the gradient of their vectors, and the loss."""
    touched = np.unique(np.concatenate([bags.asking.indices, bags.found.indices]))
    asking, found = _of_columns(bags.asking, touched), _of_columns(bags.found, touched)
    loss, toward_questions, toward_answers = _contrast(
        asking @ vectors[touched], found @ vectors[touched], scale
    )
    return touched, asking.T @ toward_questions + found.T @ toward_answers, loss


def _contrast(questions: Floats, answers: Floats, scale: float) -> tuple[float, Floats, Floats]:
    """Return the loss of a batch and its gradients by both sides' sums of words."""
    count = len(questions)
    asked, found = unit_length(questions), unit_length(answers)
    similarities = scale * (asked @ found.T)
    raised = np.exp(similarities - similarities.max())
    by_question = raised / raised.sum(axis=1, keepdims=True)
    by_answer = raised / raised.sum(axis=0, keepdims=True)
    right = np.arange(count)
    loss = -np.log(by_question[right, right] * by_answer[right, right] + 1e-20).mean() / 2
    slope = by_question + by_answer
    slope[right, right] -= 2
    slope *= scale / (2 * count)
    return (
        float(loss),
        _through_length(slope @ found, asked, questions),
        _through_length(slope.T @ asked, found, answers),
    )


def _through_length(gradient: Floats, unit: Floats, before: Floats) -> Floats:
    """Return the gradient by a vector, given that by the same vector at unit length."""
    lengths = np.maximum(np.linalg.norm(before, axis=1, keepdims=True), 1e-9)
    along = (gradient * unit).sum(axis=1, keepdims=True)
    return np.asarray((gradient - along * unit) / lengths, dtype=np.float32)


def _of_columns(matrix: csr_matrix, columns: NDArray[np.int64]) -> csr_matrix:
    """Return the matrix without all other columns, which are empty."""
    narrow = np.searchsorted(columns, matrix.indices)
    return csr_matrix((matrix.data, narrow, matrix.indptr), shape=(matrix.shape[0], len(columns)))


class _Adam:
    """Adam whose moments move only where a batch has been."""

    def __init__(self, parameters: Floats) -> None:
        self._parameters = parameters
        self._first = np.zeros_like(parameters)
        self._second = np.zeros_like(parameters)
        self._steps = 0

    def step(self, rows: NDArray[np.int64], gradient: Floats, rate: float) -> None:
        self._steps += 1
        first = FIRST_MOMENT * self._first[rows] + (1 - FIRST_MOMENT) * gradient
        second = SECOND_MOMENT * self._second[rows] + (1 - SECOND_MOMENT) * gradient**2
        self._first[rows], self._second[rows] = first, second
        first = first / (1 - FIRST_MOMENT**self._steps)
        second = second / (1 - SECOND_MOMENT**self._steps)
        self._parameters[rows] -= rate * first / (np.sqrt(second) + 1e-8)
