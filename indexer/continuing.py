"""The static model goes on learning from this installation's commits.

A commit's message asks, the lines that it touched, as they were before, answer: the pairs of
`inference.training.history`, of files that are indexed and with secrets masked. What was learned
is made ready beside the model in use when it finds the newest quarter of the pairs better, and
takes over when no golden question speaks against it (indexer.evaluation.takeover).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from django.conf import settings
from django.utils import timezone

from indexer import succession
from indexer.embedding.recipe import Recipe
from indexer.errors import FetchFailed
from indexer.fetching.log import read_differences
from indexer.masking import mask
from indexer.mirrors import at_hand
from indexer.models import Document, EmbeddingModel, LearnedWeights, Source
from indexer.ranking.learning import history_of
from indexer.scope import Scope
from inference import static
from inference.training.continuing import Continued, go_on
from inference.training.history import LOG, pairs_in
from inference.training.pairs import Pair

logger = logging.getLogger(__name__)

COMMITS = 1000  # of each source, the newest
MOST_PAIRS = 60_000  # of all together; more teach little more and take longer
TIME_LIMIT_S = 60.0  # for one source's differences
REST = timedelta(days=7)  # new weights mean new vectors for every text
MESSAGE_FILE = "COMMIT_EDITMSG"

OnProgress = Callable[[int, int], None]


def learn(
    scope: Scope, *, commits: int = COMMITS, on_progress: OnProgress | None = None
) -> LearnedWeights | None:
    """Learn from the newest commits of every source, beginning with the product's weights.

    Weights that win are kept and made ready; weights that do not are kept by their figures alone,
    without content. None: there is too little history.
    """
    report = on_progress or (lambda done, total: None)
    sources = list(Source.objects.filter(pk__in=scope.source_ids).order_by("pk"))
    by_source: list[list[Pair]] = []
    for number, source in enumerate(sources):
        report(number, len(sources))
        by_source.append(list(pairs_of(source, commits=commits)))
    pairs = in_order(by_source)[-MOST_PAIRS:]
    shipped = static.read_weights(static.WEIGHTS)
    continued = go_on(shipped, pairs, name=shipped.name)
    if continued is None:
        return None
    report(len(sources), len(sources))
    return _kept(continued, shipped, len(pairs), sum(map(bool, by_source)), history_of(scope))


def learn_if_due(scope: Scope) -> LearnedWeights | None:
    """Learn unless it is switched off, was done lately, or nothing has happened since."""
    if not settings.EMBEDDING_LEARNS or settings.EMBEDDING != "static":
        return None
    last = LearnedWeights.objects.defer("content").first()
    if last and (
        last.created_at > timezone.now() - REST or last.figures["history"] == history_of(scope)
    ):
        return None
    return learn(scope)


def pairs_of(source: Source, *, commits: int) -> Iterator[Pair]:
    """Yield a source's pairs, oldest first; none when its mirror is not on this host."""
    indexed = set(Document.objects.filter(source=source).values_list("path", flat=True))
    if not source.history_commit or not indexed:
        return
    try:
        lines = read_differences(
            at_hand(source), source.history_commit, LOG, limit=commits, time_limit_s=TIME_LIMIT_S
        )
        found = list(pairs_in(lines))
    except FetchFailed as failure:
        logger.warning("source=%s is not learned from: %s", source.pk, failure)
        return
    for pair in reversed(found):
        path, _, text = pair.document.partition("\n")
        if path in indexed:
            masked = f"{path}\n{mask(text, path).text}"
            yield replace(pair, query=mask(pair.query, MESSAGE_FILE).text, document=masked)


def in_order(by_source: Sequence[Sequence[Pair]]) -> list[Pair]:
    """Return the pairs of all sources so that the newest of each stand at the end."""
    placed = [
        ((place + 1) / len(pairs), number, pair)
        for number, pairs in enumerate(by_source)
        for place, pair in enumerate(pairs)
    ]
    return [pair for _, _, pair in sorted(placed, key=lambda one: one[:2])]


def _kept(
    continued: Continued, shipped: static.Weights, pairs: int, sources: int, history: str
) -> LearnedWeights:
    content = static.packed(continued.weights)
    name = f"{shipped.name}+{sha256(content).hexdigest()[:10]}"
    learned, _ = LearnedWeights.objects.update_or_create(
        name=name,
        defaults={
            "content": content if continued.wins else b"",
            "near": continued.weights.near,
            "created_at": timezone.now(),
            "figures": {
                "history": history,
                "sources": sources,
                "pairs": pairs,
                "held_out": continued.held_out,
                "new_words": len(continued.weights.words) - len(shipped.words),
                "mrr_before": round(continued.before, 4),
                "mrr_after": round(continued.after, 4),
                "won": continued.wins,
            },
        },
    )
    if continued.wins:
        succession.offer(Recipe("static", name))
    logger.info("embedding model=%s learned won=%s", name, continued.wins)
    return learned


def forget_unused() -> int:
    """Delete weights that lost, but for the newest figures, and those nobody goes back to."""
    newest = LearnedWeights.objects.values_list("pk", flat=True)[:1]
    lost = LearnedWeights.objects.filter(content=b"").exclude(pk__in=list(newest))
    left = LearnedWeights.objects.filter(name__in=succession.outdated_models())
    EmbeddingModel.objects.filter(name__in=left.values("name")).delete()
    return lost.delete()[0] + left.delete()[0]
