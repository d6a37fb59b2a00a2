"""Curated lines for a question that is like one that was corrected before.

Nothing here widens what a reader may see: lines come back only where the scope allows them at the
ref that is asked about, and only while they stand there as the curator saw them.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from django.db.models import Q
from django.utils import timezone

from appliance.conversations.curating.models import CuratedLines
from appliance.conversations.curating.places import Place, place_now
from appliance.conversations.curating.similarity import ALIKE, alikeness, shared_words
from appliance.conversations.visible import visible
from indexer import clients
from indexer.embedding.embedder import Embedder
from indexer.retrieval.hits import Hit, SearchResult
from indexer.scope import Scope
from inference.errors import InferenceError

logger = logging.getLogger(__name__)

LEG = "curated"
MOST = 3  # pieces of curated evidence for one question
MOST_COMPARED = 5000  # of the newest
# Of fewer shared words not even the same meaning makes two questions alike: see alikeness.
FEWEST_WORDS = 2 * ALIKE - 1


def with_curated(
    query: str,
    result: SearchResult,
    scope: Scope,
    *,
    source_names: Collection[str] = (),
    ref: str = "",
) -> SearchResult:
    """Return what was found with the curated lines of like questions in front."""
    curated = list(curated_hits(query, scope, source_names=source_names, ref=ref))
    if not curated:
        return result
    rest = [hit for hit in result.hits if not any(_covers(one, hit) for one in curated)]
    return replace(result, hits=(*curated, *rest), legs=(LEG, *result.legs))


def has_curated(result: SearchResult) -> bool:
    return LEG in result.legs


def curated_hits(
    query: str, scope: Scope, *, source_names: Collection[str] = (), ref: str = ""
) -> Iterator[Hit]:
    """Yield curated lines that answer a question, the likest question first."""
    shown: set[tuple[int, str, int]] = set()
    for likeness, curated in _alike(query, scope, source_names):
        place = place_now(curated, ref)
        if place is None or not scope.allows(place.ref.source_id, place.path):
            continue
        key = (place.ref.source_id, place.path, place.span.start_line)
        if key not in shown:
            shown.add(key)
            yield _hit(curated, place, likeness)
        if len(shown) == MOST:
            return


def _alike(
    query: str, scope: Scope, source_names: Collection[str]
) -> Sequence[tuple[float, CuratedLines]]:
    today = timezone.localdate()
    known = CuratedLines.objects.filter(
        Q(expires_on=None) | Q(expires_on__gte=today), evidence__source__in=scope.source_ids
    )
    if source_names:
        known = known.filter(evidence__source__name__in=source_names)
    asked = _readings(query)
    likely = [
        pk
        for pk, question in known.values_list("pk", "question")[:MOST_COMPARED]
        if any(shared_words(one, question) >= FEWEST_WORDS for one in asked)
    ]
    if not likely:  # nearly always: no model is asked then
        return []
    rows = CuratedLines.objects.filter(pk__in=likely)
    candidates = rows.select_related("evidence__source", "evidence__blob")
    vectors = [(one, *_vector(one)) for one in asked]
    scored = (
        (max(alikeness(one, row.question, _pair(v, model, row)) for one, v, model in vectors), row)
        for row in candidates
    )
    return sorted(
        ((likeness, row) for likeness, row in scored if likeness >= ALIKE),
        key=lambda pair: (-pair[0], -pair[1].pk),
    )


def _readings(query: str) -> list[str]:
    """Return what may be the question: a follow-up's query has its own words and a rewriting."""
    lines = [line for line in query.split("\n") if line.strip()]
    return lines if len(lines) == 2 else [query]


def _pair(
    vector: Sequence[float], model: str, curated: CuratedLines
) -> tuple[Sequence[float], Sequence[float]] | None:
    """Return both vectors; None when the one that is stored is of another model."""
    if not vector or curated.model != model or len(curated.vector) != len(vector):
        return None
    return vector, curated.vector


def _vector(question: str) -> tuple[Sequence[float], str]:
    """Return the vector of a question with its model's name; none while there is no model."""
    embedder: Embedder = clients.embedder()
    try:
        return embedder.embed_query(question), embedder.model
    except InferenceError as exc:
        logger.warning("curated questions are compared by words alone: %s", exc)
        return (), ""


def embed_question(curated: CuratedLines) -> None:
    """Write the vector of the curated question into the row, unsaved."""
    vector, curated.model = _vector(curated.question)
    curated.vector = list(vector)


def _hit(curated: CuratedLines, place: Place, likeness: float) -> Hit:
    source = place.ref.source
    return Hit(
        source_id=source.pk,
        source=source.name,
        path=place.path,
        commit=place.ref.commit,
        blob_id=place.blob.pk,
        span=place.span,
        symbol="",
        kind="curated",
        language=place.blob.language,
        score=round(likeness, 6),
        legs=(LEG,),
        text="\n".join(place.lines),
        note=note_of(curated),
    )


def note_of(curated: CuratedLines) -> str:
    """Return what stands beside curated lines: who chose them, and what they say about them."""
    said = " ".join(visible(f"{curated.answer} {curated.note}").split())
    label = f"Curated by {curated.by} on {curated.created_at:%Y-%m-%d}"
    return f"{label}: {said}" if said else f"{label} for a question like this."


def _covers(curated: Hit, hit: Hit) -> bool:
    same = (curated.source_id, curated.path, curated.blob_id) == (
        hit.source_id,
        hit.path,
        hit.blob_id,
    )
    return same and curated.span.contains(hit.span)
