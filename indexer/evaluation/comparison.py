"""Two ways to search, compared over the same questions: how large the difference is, how sure.

The interval is a paired bootstrap over questions (Sakai, SIGIR 2006): questions differ far more
from each other than two rankings do on one of them, so the differences are resampled, not the means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
CONFIDENCE = 0.95
SEED = 7  # the same values give the same interval
AT_ONCE = 2_000_000  # numbers held in memory while resampling

Values = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Means of one measure over the same questions; the difference is b minus a."""

    questions: int
    a: float
    b: float
    difference: float
    low: float  # 95% interval of the difference
    high: float

    @property
    def is_better(self) -> bool:
        """Return whether b is better beyond doubt."""
        return self.low > 0

    @property
    def is_worse(self) -> bool:
        """Return whether b is worse beyond doubt."""
        return self.high < 0

    def to_json(self) -> dict[str, float]:
        return {
            "questions": self.questions,
            "a": round(self.a, 4),
            "b": round(self.b, 4),
            "difference": round(self.difference, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
        }


def compare(a: Values, b: Values) -> Comparison:
    """Compare values of the same questions in the same order; raise ValueError for other lengths."""
    before, after = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if before.shape != after.shape or before.ndim != 1:
        raise ValueError(f"values of {before.size} and of {after.size} questions")
    if not before.size:
        return Comparison(0, 0.0, 0.0, 0.0, 0.0, 0.0)
    differences = after - before
    edge = (1 - CONFIDENCE) / 2
    low, high = np.quantile(_resampled_means(differences), [edge, 1 - edge])
    return Comparison(
        before.size,
        float(before.mean()),
        float(after.mean()),
        float(differences.mean()),
        float(low),
        float(high),
    )


def compare_measures(
    a: Mapping[str, Mapping[str, float]], b: Mapping[str, Mapping[str, float]]
) -> dict[str, Comparison]:
    """Compare each measure over the questions of which both sides have a value.

    Both map a question's id to its values by measure; a measure that one side lacks is left out.
    """
    shared = [question for question in a if question in b]
    names = dict.fromkeys(name for question in shared for name in a[question])
    compared = {}
    for name in names:
        asked = [question for question in shared if name in a[question] and name in b[question]]
        if asked:
            compared[name] = compare(
                [a[one][name] for one in asked], [b[one][name] for one in asked]
            )
    return compared


def _resampled_means(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each resample; shape (RESAMPLES,)."""
    dice = np.random.default_rng(SEED)
    count = differences.size
    rows = max(1, AT_ONCE // count)
    means = [
        differences[dice.integers(count, size=(min(rows, RESAMPLES - start), count))].mean(axis=1)
        for start in range(0, RESAMPLES, rows)
    ]
    return np.concatenate(means)
