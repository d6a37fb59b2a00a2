"""D10 at its size: 200,000 vectors, and readers of one, of twenty and of all hundredths of them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from django.db import connection
from numpy.typing import NDArray
from pytest_django import Settings

from indexer.models import Chunk, Embedding, Ref, Source
from indexer.retrieval import nearest, vectorindex
from indexer.retrieval.queries import Candidate, Visibility
from indexer.scope import PathRule, Scope

pytestmark = [
    pytest.mark.services,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),  # an index is built CONCURRENTLY
    pytest.mark.timeout(1800),
]

FOLDERS, FILES_IN_A_FOLDER, CHUNKS_IN_A_FILE = 100, 20, 100
DIMENSIONS, CLUSTERS, QUESTIONS, K, POOL = 64, 400, 40, 10, 300
MODEL = "made-up"

BLOBS = """
INSERT INTO indexer_blob (oid, size_bytes, language, line_count, text, skip_reason, skip_detail,
                          reader_version, format, places, note)
SELECT lpad(n::text, 40, '0'), 1, '', 1, '', '', '', 1, '', '[]', '' FROM generate_series(1, %s) n
"""
DOCUMENTS = """
INSERT INTO indexer_document (source_id, path, blob_id, refs, role, path_terms)
SELECT %s, 'd' || (oid::int %% %s) || '/f' || oid::int || '.py', id, ARRAY[%s], 'source', '{}'
  FROM indexer_blob
"""
PASSAGES = (
    "INSERT INTO indexer_passage (identity) SELECT md5(n::text)::uuid FROM generate_series(1, %s) n"
)
CHUNKS = """
INSERT INTO indexer_chunk (blob_id, passage_id, ordinal, start_line, end_line, symbol, kind,
                           context, length_terms, digest)
SELECT blob.id, (SELECT min(id) FROM indexer_passage), n, n, n, '', '', '', 1,
       md5(blob.oid || ':' || n)::uuid
  FROM indexer_blob AS blob, generate_series(1, %s) n
"""


def vectors_of(count: int, dice: np.random.Generator) -> NDArray[np.float32]:
    """Return vectors in clusters, as texts lie: some close together, most far apart."""
    centres = np.random.default_rng(1).normal(size=(CLUSTERS, DIMENSIONS))
    chosen = centres[dice.integers(CLUSTERS, size=count)]
    moved = chosen + 0.5 * dice.normal(size=(count, DIMENSIONS))
    unit: NDArray[np.float32] = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return unit.astype(np.float32)


def fill(source: Source, ref: Ref, dice: np.random.Generator) -> int:
    files = FOLDERS * FILES_IN_A_FOLDER
    with connection.cursor() as cursor:
        cursor.execute(BLOBS, [files])
        cursor.execute(DOCUMENTS, [source.pk, FOLDERS, ref.pk])
        cursor.execute(PASSAGES, [1])
        cursor.execute(CHUNKS, [CHUNKS_IN_A_FILE])
    digests = list(Chunk.objects.order_by("pk").values_list("digest", flat=True))
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY indexer_embedding (digest, model, vector) FROM STDIN") as copy,
    ):
        for digest, vector in zip(digests, vectors_of(len(digests), dice).tolist(), strict=True):
            copy.write_row((str(digest), MODEL, literal(vector)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE indexer_chunk, indexer_embedding, indexer_document, indexer_blob")
    return len(digests)


def literal(vector: Sequence[float]) -> str:
    return f"[{','.join(f'{one:.4f}' for one in vector)}]"


@pytest.fixture
def source(db: None, settings: Settings) -> Iterator[Source]:
    settings.VECTOR_INDEX_FROM = 1000
    source = Source.objects.create(name="many", kind="path", location="/nowhere")
    ref = Ref.objects.create(
        source=source, name="main", is_default=True, commit="c", committed_at=source.created_at
    )
    assert fill(source, ref, np.random.default_rng(5)) == 200_000
    assert vectorindex.keep_indexes() == [MODEL]
    yield source
    Embedding.objects.all().delete()
    vectorindex.keep_indexes()


def reader_of(source: Source, folders: int) -> Scope:
    if folders == FOLDERS:
        return Scope(frozenset({source.pk}))
    return Scope.from_rules(PathRule(source.pk, f"d{n}/", True) for n in range(folders))


def test_d10_readers_of_a_part_of_200_000_vectors_find_the_nearest_of_theirs(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = vectors_of(QUESTIONS, np.random.default_rng(6))
    scanned: list[int] = []
    scan = nearest.exact_vector_candidates

    def counted(*args: Any, **more: Any) -> list[Candidate]:
        scanned.append(1)
        return scan(*args, **more)

    monkeypatch.setattr(nearest, "exact_vector_candidates", counted)
    told = []
    for folders in (1, 20, FOLDERS):
        visibility = Visibility(reader_of(source, folders))
        recalls, taken, found = [], [], list[Candidate]()
        for vector in asked.tolist():
            began = time.perf_counter()
            found = nearest.vector_candidates(visibility, vector, MODEL, pool=POOL)
            taken.append(time.perf_counter() - began)
            best = scan(visibility, vector, MODEL, pool=K)
            assert len(found) == POOL
            ids = {one.chunk_id for one in found[:K]}
            recalls.append(len(ids & {one.chunk_id for one in best}) / K)
        assert not seen_beside(visibility, folders, found)
        told.append(
            {
                "percent": folders * 100 // FOLDERS,
                "recall": round(float(np.mean(recalls)), 4),
                "ms": round(1000 * float(np.median(taken)), 1),
            }
        )
    sys.stdout.write(f"\n{json.dumps({'vectors': 200_000, 'readers': told})}\n")
    assert all(float(one["recall"]) >= 0.95 for one in told)
    assert len(scanned) <= QUESTIONS // 10  # the index answered, and not a scan behind it


def seen_beside(visibility: Visibility, folders: int, found: Sequence[Candidate]) -> bool:
    """Return whether a chunk of another folder is among what was found."""
    paths = Chunk.objects.filter(pk__in=[one.chunk_id for one in found])
    names = {path.split("/")[0] for path in paths.values_list("blob__documents__path", flat=True)}
    return bool(names - {f"d{n}" for n in range(folders)})
