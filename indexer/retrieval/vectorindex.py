"""The index of a model's vectors: built beside readers and writers once scanning gets slow.

One partial HNSW index a model (Malkov and Yashunin, arXiv 1603.09320), because two models have two
dimensions. Whether it is there is read from PostgreSQL's own catalog: a build that was broken off
leaves an index that is not valid, which no search uses and the next build replaces.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from django.conf import settings
from django.db import connection

logger = logging.getLogger(__name__)

NEIGHBOURS = 16  # that a vector keeps
EF_CONSTRUCTION = 200  # how thoroughly they are looked for (docs/experiments.md)
MOST_DIMENSIONS = 4000  # of a halfvec in an index
PREFIX = "embedding_nearest_"
LOCK = 7_001_500  # one build at a time
CHECK_CLIENT = "2s"  # a build whose process died ends so soon

MODELS = """
SELECT model, min(vector_dims(vector)), count(*)
  FROM indexer_embedding
 WHERE vector IS NOT NULL
 GROUP BY model
"""
IS_VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
NAMES = "SELECT indexname FROM pg_indexes WHERE tablename = 'indexer_embedding'"


def name_of(model: str) -> str:
    return PREFIX + sha256(model.encode()).hexdigest()[:16]


def has_index(model: str) -> bool:
    """Return whether searches may use the model's index."""
    with connection.cursor() as cursor:
        cursor.execute(IS_VALID, [name_of(model)])
        return bool(cursor.fetchone() == (True,))


def keep_indexes() -> list[str]:
    """Build what is missing, drop what no model needs; return the models that were indexed now.

    Runs outside a transaction. While another process is at it, nothing happens here.
    """
    with connection.cursor() as cursor:
        cursor.execute(MODELS)
        models = cursor.fetchall()
    with _locked() as is_ours:
        if not is_ours:
            return []
        _drop_others({name_of(model) for model, _, _ in models})
        built = [
            model
            for model, dimensions, count in models
            if count >= settings.VECTOR_INDEX_FROM
            and dimensions <= MOST_DIMENSIONS
            and not has_index(model)
        ]
        for model, dimensions, _ in models:
            if model in built:
                _build(model, dimensions)
    return built


def _drop_others(kept: set[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(NAMES)
        for (name,) in cursor.fetchall():
            if name.startswith(PREFIX) and name not in kept:
                cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _build(model: str, dimensions: int) -> None:
    name = name_of(model)
    logger.info("vectors model=%s building the index", model)
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_literal(%s)", [model])
        (quoted,) = cursor.fetchone()
        try:
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            memory = f"{settings.VECTOR_INDEX_MEMORY_MB}MB"
            cursor.execute("SELECT set_config('maintenance_work_mem', %s, false)", [memory])
            cursor.execute(f"SET client_connection_check_interval = '{CHECK_CLIENT}'")
            cursor.execute(
                f"CREATE INDEX CONCURRENTLY {name} ON indexer_embedding"
                f" USING hnsw ((vector::halfvec({dimensions:d})) halfvec_cosine_ops)"
                f" WITH (m = {NEIGHBOURS}, ef_construction = {EF_CONSTRUCTION})"
                f" WHERE model = {quoted.replace('%', '%%')}"
            )
        finally:
            cursor.execute("RESET maintenance_work_mem")
            cursor.execute("RESET client_connection_check_interval")
    logger.info("vectors model=%s the index is built", model)


@contextmanager
def _locked() -> Iterator[bool]:
    """Hold the lock of builds for this session; the server frees it when the process dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        (is_ours,) = cursor.fetchone()
        try:
            yield bool(is_ours)
        finally:
            if is_ours:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
