"""Writing training pairs to a file, with its record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.db import transaction

from appliance.audit.acting import COMMAND_LINE
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.conversations.lessons.commits import commit_pairs
from appliance.conversations.lessons.curated import curated_pairs
from indexer.models import Source
from inference.adapting.pairs import TrainingPair, write_pairs


def export_pairs(out: Path, sources: Sequence[Source], *, newest: int) -> Counter[str]:
    """Write the pairs of these sources; return how many there are of each kind.

    The file is its owner's alone. Raises AdapterFailed when it exists or cannot be written; then
    nothing is recorded.
    """
    counts: Counter[str] = Counter()

    def counted() -> Iterator[TrainingPair]:
        for pair in _pairs(sources, newest):
            counts[pair.kind] += 1
            yield pair

    with transaction.atomic():
        write_pairs(out, counted())
        record(
            Action.CODE_EXPORTED,
            actor=COMMAND_LINE,
            target=Target("source", name=", ".join(source.name for source in sources)),
            details={"texts": counts.total(), "purpose": "adapter"},
        )
    return counts


def _pairs(sources: Sequence[Source], newest: int) -> Iterator[TrainingPair]:
    yield from curated_pairs([source.pk for source in sources])
    for source in sources:
        yield from commit_pairs(source, newest=newest)
