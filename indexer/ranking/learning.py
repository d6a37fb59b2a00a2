"""Learns a ranking from history, and keeps it only when it wins on commits it has not seen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from indexer.models import Ranking, Source
from indexer.ranking.choice import choose, chosen, trees_in_use
from indexer.ranking.examples import Example, Observed, Past, examples_of, observe
from indexer.ranking.trees import Trees
from indexer.scope import Scope

logger = logging.getLogger(__name__)

PER_SOURCE = 300
FEWEST = 80  # questions to learn from; fewer say nothing
HELD_OUT = 0.25  # the newest of each source
RESAMPLES = 1000
KEPT = 20  # rankings that did not win

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Mean reciprocal ranks over the held-out questions, and how sure the difference is."""

    questions: int
    fixed: float
    in_use: float
    learned: float
    low: float  # 95% interval of learned minus in use
    high: float

    @property
    def is_better(self) -> bool:
        return self.learned > self.in_use and self.low > -0.005


def learn(
    scope: Scope, *, per_source: int = PER_SOURCE, on_progress: OnProgress | None = None
) -> Ranking | None:
    """Learn from the newest commits of every source; return the ranking.

    It is in use from now on when it won, unless a person chose another. None: there is too
    little history.
    """
    train, held_out = _split(scope, per_source)
    if len(train) < FEWEST:
        return None
    report = on_progress or (lambda done, total: None)
    total = len(train) + len(held_out)
    past = Past(sorted(scope.source_ids))
    training = _observed(train, scope, past, lambda done: report(done, total))
    testing = _observed(held_out, scope, past, lambda done: report(len(train) + done, total))
    if not training or not testing:
        return None
    compared = compare([variants[0] for variants in testing], trees_in_use(), fit(training))
    trees = fit([*training, *testing])
    ranking = Ranking.objects.create(
        origin=Ranking.Origin.LEARNED,
        trees=trees.to_json(),
        figures={
            "history": history_of(scope),
            "sources": len({example.source_id for example in train}),
            "trained": len(training),
            "held_out": compared.questions,
            "mrr_fixed_weights": round(compared.fixed, 4),
            "mrr_in_use": round(compared.in_use, 4),
            "mrr_learned": round(compared.learned, 4),
            "gain_low": round(compared.low, 4),
            "gain_high": round(compared.high, 4),
            "won": compared.is_better,
            "gains": {name: round(share, 4) for name, share in trees.gains().items()},
        },
    )
    last = chosen()
    if compared.is_better and not (last and last.by_hand):
        choose(ranking, by_hand=False)
    _forget_old()
    logger.info("ranking=%s learned won=%s", ranking.pk, compared.is_better)
    return ranking


def learn_if_new(scope: Scope) -> Ranking | None:
    """Learn unless the last time was from the same history."""
    last = Ranking.objects.filter(origin=Ranking.Origin.LEARNED).first()
    if last and last.figures.get("history") == history_of(scope):
        return None
    return learn(scope)


def history_of(scope: Scope) -> str:
    """Return a digest of what there is to learn from."""
    sources = Source.objects.filter(pk__in=scope.source_ids).order_by("pk")
    return sha256(repr(list(sources.values_list("pk", "history_commit"))).encode()).hexdigest()


def _forget_old() -> None:
    """Keep the newest rankings, and every one that was ever in use and can be gone back to."""
    unused = Ranking.objects.filter(chosen_at__isnull=True).values_list("pk", flat=True)
    Ranking.objects.filter(pk__in=list(unused[KEPT:])).delete()


def fit(examples: Sequence[Sequence[Observed]]) -> Trees:
    """Learn from examples, each with its variants, which source comes before which."""
    observed = [one for variants in examples for one in variants]
    telling = [one for one in observed if len(set(one.labels[one.is_source])) == 2]
    return Trees.fit(
        np.concatenate([one.rows[one.is_source] for one in telling]),
        np.concatenate([one.labels[one.is_source] for one in telling]),
        [int(one.is_source.sum()) for one in telling],
    )


def compare(observed: Sequence[Observed], in_use: Trees | None, learned: Trees) -> Comparison:
    """Compare rankings over the same questions; the interval is a bootstrap over questions."""
    fixed = np.array([reciprocal_rank(one.fused, one.labels) for one in observed])
    before = fixed if in_use is None else _reciprocal_ranks(in_use, observed)
    after = _reciprocal_ranks(learned, observed)
    differences = after - before
    picks = np.random.default_rng(7).integers(len(observed), size=(RESAMPLES, len(observed)))
    low, high = np.quantile(differences[picks].mean(axis=1), [0.025, 0.975])
    return Comparison(
        len(observed),
        float(fixed.mean()),
        float(before.mean()),
        float(after.mean()),
        float(low),
        float(high),
    )


def reciprocal_rank(scores: NDArray[np.float32], labels: NDArray[np.float32]) -> float:
    """Return 1 / rank of the best gold document; ties count against it."""
    best = scores[labels > 0].max()
    return 1.0 / (1 + int((scores[labels == 0] >= best).sum()))


def _reciprocal_ranks(trees: Trees, observed: Sequence[Observed]) -> NDArray[np.float64]:
    return np.array([reciprocal_rank(trees.scores(one.rows), one.labels) for one in observed])


def _split(scope: Scope, per_source: int) -> tuple[list[Example], list[Example]]:
    """Return the older and the newest examples of every source."""
    train: list[Example] = []
    held_out: list[Example] = []
    for source in Source.objects.filter(pk__in=scope.source_ids):
        examples = examples_of(source, newest=per_source)
        cut = len(examples) - round(len(examples) * HELD_OUT)
        train.extend(examples[:cut])
        held_out.extend(examples[cut:])
    return train, held_out


def _observed(
    examples: Sequence[Example], scope: Scope, past: Past, on_progress: Callable[[int], None]
) -> list[list[Observed]]:
    """Return, of each example that was found at all, its variants."""
    found: list[list[Observed]] = []
    for done, example in enumerate(examples, start=1):
        if variants := observe(example, scope, past):
            found.append(variants)
        on_progress(done)
    return found
