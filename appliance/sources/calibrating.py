"""Excerpts of the company's own code, to calibrate a quantization with; they stay on the operator's machines."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.db import transaction

from appliance.audit.acting import COMMAND_LINE
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from indexer.models import Blob, Document
from indexer.reading.roles import DocumentRole
from indexer.scope import Scope
from inference.quantization.calibration import SHORTEST, Text, excerpt, write_texts

ROLES = (DocumentRole.SOURCE, DocumentRole.TEST, DocumentRole.EXAMPLE)  # written here, by people
AT_ONCE = 100


def export_texts(
    out: Path, scope: Scope, *, names: Sequence[str] = (), samples: int, seed: int = 0
) -> int:
    """Write one excerpt each of so many files that are live, drawn by chance; return how many.

    What is stored was masked before; nothing else is read. The file is its owner's alone. Raises
    QuantizationFailed when it exists or cannot be written; then nothing is recorded.
    """
    with transaction.atomic():
        count = write_texts(out, _texts(_drawn(scope, names, samples, seed), seed))
        record(
            Action.CODE_EXPORTED,
            actor=COMMAND_LINE,
            target=Target("source", name=", ".join(names) or "all sources"),
            details={"texts": count, "purpose": "calibration"},
        )
    return count


def _drawn(scope: Scope, names: Sequence[str], samples: int, seed: int) -> list[int]:
    """Draw blobs: a file that several paths or sources hold counts once."""
    documents = Document.objects.filter(
        source_id__in=scope.whole_source_ids, role__in=ROLES, blob__format="", blob__skip_reason=""
    ).exclude(refs=[])
    if names:
        documents = documents.filter(source__name__in=names)
    blobs = list(documents.order_by("blob_id").values_list("blob_id", flat=True).distinct())
    # The same database and seed give the same draw; nothing secret hangs on it.
    chance = random.Random(seed)  # noqa: S311
    return chance.sample(blobs, min(samples, len(blobs)))


def _texts(blobs: Sequence[int], seed: int) -> Iterator[Text]:
    chance = random.Random(seed)  # noqa: S311
    for begin in range(0, len(blobs), AT_ONCE):
        some = blobs[begin : begin + AT_ONCE]
        text_of = dict(Blob.objects.filter(pk__in=some).values_list("pk", "text"))
        for blob in some:
            text = excerpt(text_of.get(blob, ""), chance)
            if len(text) >= SHORTEST:
                yield Text(text, "own")
