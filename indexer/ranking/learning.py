"""Learns a ranking from history, and keeps it only when it wins on commits it has not seen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from indexer.evaluation.comparison import Comparison, compare
from indexer.evaluation.promotion import Change, PromotionRefused, promote
from indexer.evaluation.sets import history_reserved_from, refresh_history
from indexer.models import Ranking, Source
from indexer.ranking.choice import choose, chosen, name_in_use, trees_in_use
from indexer.ranking.examples import Example, Observed, Past, examples_of, observe
from indexer.ranking.trees import Trees
from indexer.retrieval.variant import Variant
from indexer.scope import Scope

logger = logging.getLogger(__name__)

PER_SOURCE = 300
FEWEST = 80  # questions to learn from; fewer say nothing
HELD_OUT = 0.25  # the newest of each source
TOLERANCE = 0.005  # by which the interval may reach below zero
LEARNER = "learning from history"  # who decided
KEPT = 20  # rankings that did not win

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Judged:
    """Mean reciprocal ranks over the held-out questions."""

    fixed: float
    gain: Comparison  # from the ranking in use to the learned one

    @property
    def has_won(self) -> bool:
        return self.gain.difference > 0 and self.gain.low > -TOLERANCE


def learn(
    scope: Scope, *, per_source: int = PER_SOURCE, on_progress: OnProgress | None = None
) -> Ranking | None:
    """Learn from the newest commits of every source; return the ranking.

    It is in use from now on when it won, unless a person chose another. None: there is too
    little history.
    """
    refresh_history(Source.objects.filter(pk__in=scope.source_ids))
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
    judged = judge([variants[0] for variants in testing], trees_in_use(), fit(training))
    trees = fit([*training, *testing])
    ranking = Ranking.objects.create(
        origin=Ranking.Origin.LEARNED,
        trees=trees.to_json(),
        figures={
            "history": history_of(scope),
            "sources": len({example.source_id for example in train}),
            "trained": len(training),
            "held_out": judged.gain.questions,
            "mrr_fixed_weights": round(judged.fixed, 4),
            "mrr_in_use": round(judged.gain.a, 4),
            "mrr_learned": round(judged.gain.b, 4),
            "gain_low": round(judged.gain.low, 4),
            "gain_high": round(judged.gain.high, 4),
            "won": judged.has_won,
            "gains": {name: round(share, 4) for name, share in trees.gains().items()},
        },
    )
    last = chosen()
    if judged.has_won and not (last and last.by_hand):
        _promote(ranking, scope)
    _forget_old()
    logger.info("ranking=%s learned won=%s", ranking.pk, judged.has_won)
    return ranking


def _promote(ranking: Ranking, scope: Scope) -> None:
    """Use a ranking that won on its history, unless the golden questions speak against it."""
    name = str(ranking.pk)
    change = Change("ranking", name_in_use(), name, Variant(ranking=name))
    try:
        promote(change, lambda: choose(ranking, by_hand=False), scope=scope, by=LEARNER)
    except PromotionRefused as exc:
        logger.warning("ranking=%s is not used: %s", ranking.pk, exc)


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
    """Learn from examples, each with its variants, which document comes before which."""
    observed = [one for variants in examples for one in variants]
    telling = [one for one in observed if len(set(one.labels)) == 2]
    return Trees.fit(
        np.concatenate([one.rows for one in telling]),
        np.concatenate([one.labels for one in telling]),
        [len(one.labels) for one in telling],
    )


def judge(observed: Sequence[Observed], in_use: Trees | None, learned: Trees) -> Judged:
    """Compare rankings over the same questions."""
    fixed = np.array([reciprocal_rank(one.fused, one.labels) for one in observed])
    before = fixed if in_use is None else _reciprocal_ranks(in_use, observed)
    return Judged(float(fixed.mean()), compare(before, _reciprocal_ranks(learned, observed)))


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
        # Golden questions stay unseen: they judge what is learned here.
        examples = examples_of(source, newest=per_source, before=history_reserved_from(source))
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
