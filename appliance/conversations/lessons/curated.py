"""Training pairs from curated answers: the prompt that the product would write, and what is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.models import Q
from django.utils import timezone

from appliance.conversations.curating.models import CuratedLines
from appliance.conversations.curating.places import Place, place_now
from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.prompting.assembling import assembled
from appliance.conversations.prompting.conversation import Asked
from appliance.conversations.prompting.prompts import ANSWERING
from appliance.conversations.visible import visible
from indexer.models import Definition
from inference.adapting.pairs import TrainingPair

HANDLE = "E1"


def curated_pairs(source_ids: Sequence[int]) -> Iterator[TrainingPair]:
    """Yield a pair for each curated place that still stands as its curator saw it."""
    rows = CuratedLines.objects.filter(
        Q(expires_on=None) | Q(expires_on__gte=timezone.localdate()),
        evidence__source__in=source_ids,
    )
    for curated in rows.select_related("evidence__source", "evidence__blob"):
        place = place_now(curated)
        if place is not None:
            yield _pair(curated, place)


def _pair(curated: CuratedLines, place: Place) -> TrainingPair:
    source = place.ref.source
    symbol = _symbol_at(place)
    evidence = EvidenceLines(
        HANDLE, source.pk, source.name, place.ref.commit, place.path, place.blob.pk, place.span,
        symbol, "\n".join(place.lines),
    )  # fmt: skip
    system, asked = assembled(Asked(visible(curated.question)), ANSWERING, evidence=[evidence])
    return TrainingPair(
        "curated", source.name, asked.content, _answer(curated, place, symbol), system.content
    )


def _answer(curated: CuratedLines, place: Place, symbol: str) -> str:
    """Return the curator's words with the citation; without words, what stands there and where."""
    words = " ".join(visible(curated.answer).split()).rstrip(".")
    named = f"`{symbol}` in `{place.path}`" if symbol else f"It stands in `{place.path}`"
    return f"{words or named} [{HANDLE}]."


def _symbol_at(place: Place) -> str:
    found = Definition.objects.filter(
        blob=place.blob, start_line__lte=place.span.end_line, end_line__gte=place.span.start_line
    )
    return found.order_by("start_line").values_list("name", flat=True).first() or ""
