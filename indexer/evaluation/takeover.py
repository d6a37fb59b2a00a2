"""Another embedding model takes over once its vectors are complete, and not worse."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import connection

from indexer.evaluation.promotion import TIME_LIMIT_S, Change, PromotionRefused, promote
from indexer.ingestion import jobs
from indexer.models import Embedding, Job, Promotion, Source
from indexer.retrieval.variant import Variant
from indexer.retrieval.vectorindex import MOST_DIMENSIONS, has_index
from indexer.scope import Scope
from indexer.succession import (
    coming_recipe,
    recipe_in_use,
    recipe_named,
    refuse,
    settle,
    use,
)

logger = logging.getLogger(__name__)

SETTINGS = "the settings"  # who decided
HAS_MISSING = """
SELECT source.id
  FROM unnest(%(source_ids)s::bigint[]) AS source(id)
 WHERE EXISTS (
    SELECT 1
      FROM indexer_document AS document
      JOIN indexer_chunk AS chunk ON chunk.blob_id = document.blob_id
     WHERE document.source_id = source.id
       AND NOT EXISTS (SELECT 1 FROM indexer_embedding AS embedding
                        WHERE embedding.digest = chunk.digest AND embedding.model = %(model)s)
)
"""


class VectorsIncomplete(PromotionRefused):
    """The model's vectors are still being made."""


def take_over(scope: Scope, *, time_limit_s: float = TIME_LIMIT_S) -> Promotion | None:
    """Use the coming model when it is ready, refuse it when it is worse; None: nothing to decide.

    What its vectors lack is asked for: an embedding job for each source that has texts without one.
    """
    settle()
    coming = coming_recipe()
    if coming is None:
        return None
    lacking = lacking_sources(coming.name)
    for source in Source.objects.filter(pk__in=lacking):
        jobs.enqueue(source, Job.Kind.EMBED, Job.Reason.POLL)
    if lacking or not is_indexed(coming.name):
        logger.info("embedding model=%s is not complete sources=%s", coming.name, len(lacking))
        return None
    try:
        return use_embedding(coming.name, scope=scope, by=SETTINGS, time_limit_s=time_limit_s)
    except PromotionRefused as exc:
        refuse(coming.name)
        logger.warning("embedding model=%s is not used: %s", coming.name, exc)
        return Promotion.objects.filter(kind="embedding", after=coming.name).latest("pk")


def use_embedding(
    name: str, *, scope: Scope, by: str, override: str = "", time_limit_s: float = TIME_LIMIT_S
) -> Promotion:
    """Use a model whose vectors are there, through the gate, as a person or the settings ask.

    Raises EmbeddingModelUnknown, VectorsIncomplete, and PromotionRefused when it is worse and no
    reason is given.
    """
    recipe = recipe_named(name)
    if lacking := lacking_sources(recipe.name):
        raise VectorsIncomplete(
            f"{len(lacking)} sources have texts without a vector of {recipe.name}."
        )
    before = recipe_in_use().name
    change = Change("embedding", before, recipe.name, Variant(embedding=recipe.name))
    return promote(
        change,
        lambda: use(recipe.name),
        scope=scope,
        by=by,
        override=override,
        time_limit_s=time_limit_s,
    )


def lacking_sources(model: str) -> list[int]:
    """Return the sources that have texts without a vector of a model; a paused one waits for none."""
    sources = Source.objects.filter(is_paused=False).values_list("pk", flat=True)
    with connection.cursor() as cursor:
        cursor.execute(HAS_MISSING, {"source_ids": list(sources), "model": model})
        return [row[0] for row in cursor.fetchall()]


def is_indexed(model: str) -> bool:
    """Return whether searching with a model's vectors is quick: they are few, or indexed."""
    vectors = Embedding.objects.filter(model=model, vector__isnull=False)
    if vectors[: settings.VECTOR_INDEX_FROM].count() < settings.VECTOR_INDEX_FROM:
        return True
    return has_index(model) or len(vectors[0].vector) > MOST_DIMENSIONS
