"""The writes of a sync: content as it is read, then one transaction that makes it live."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from indexer.ingestion.jobs import fence
from indexer.ingestion.prepare import PreparedBlob
from indexer.models import Chunk, Job

INSERT_BLOBS = """
INSERT INTO indexer_blob
       (oid, size_bytes, language, line_count, text, skip_reason, skip_detail)
SELECT * FROM unnest(%(oids)s::text[], %(sizes)s::bigint[], %(languages)s::text[],
                     %(line_counts)s::int[], %(texts)s::text[], %(reasons)s::text[],
                     %(details)s::text[])
    ON CONFLICT (oid) DO NOTHING
RETURNING id, oid
"""
COPY_POSTINGS = "COPY indexer_posting (term, batch, chunk_ids, frequencies) FROM STDIN"
INSERT_EMBEDDINGS = """
INSERT INTO indexer_embedding (chunk_id, model, vector)
SELECT entry.chunk_id, %(model)s, entry.vector::halfvec
  FROM unnest(%(chunk_ids)s::bigint[], %(vectors)s::text[]) AS entry(chunk_id, vector)
  JOIN indexer_chunk AS chunk ON chunk.id = entry.chunk_id
    ON CONFLICT (chunk_id, model) DO NOTHING
"""


def store_blobs(job: Job, prepared: Sequence[PreparedBlob]) -> int:
    """Write blobs with their chunks and postings, all or nothing; return the new chunks' number.

    A blob that another worker stored meanwhile is left alone. Nothing of it is visible before
    a document points to it.
    """
    with transaction.atomic():
        fence(job)
        new = _insert_blobs(prepared)
        pairs = [(new[blob.oid], blob) for blob in prepared if blob.oid in new]
        chunks = Chunk.objects.bulk_create(
            [
                Chunk(
                    blob_id=blob_id,
                    ordinal=ordinal,
                    start_line=prepared_chunk.chunk.span.start_line,
                    end_line=prepared_chunk.chunk.span.end_line,
                    symbol=prepared_chunk.chunk.symbol,
                    kind=prepared_chunk.chunk.kind,
                    context=prepared_chunk.chunk.context,
                    length_terms=prepared_chunk.length_terms,
                )
                for blob_id, blob in pairs
                for ordinal, prepared_chunk in enumerate(blob.chunks)
            ],
            batch_size=2000,
        )
        frequencies = [chunk.frequencies for _, blob in pairs for chunk in blob.chunks]
        if chunks:
            _copy_postings(chunks, frequencies)
    return len(chunks)


def _insert_blobs(prepared: Sequence[PreparedBlob]) -> dict[str, int]:
    """Return the ids of the blobs that were not there, by object id."""
    ordered = sorted(prepared, key=lambda blob: blob.oid)  # one order: no deadlocks
    parameters: dict[str, Any] = {
        "oids": [blob.oid for blob in ordered],
        "sizes": [blob.size_bytes for blob in ordered],
        "languages": [blob.language for blob in ordered],
        "line_counts": [blob.line_count for blob in ordered],
        "texts": [blob.text for blob in ordered],
        "reasons": [blob.skip.reason.value if blob.skip else "" for blob in ordered],
        "details": [blob.skip.detail[:200] if blob.skip else "" for blob in ordered],
    }
    with connection.cursor() as cursor:
        cursor.execute(INSERT_BLOBS, parameters)
        return {oid: blob_id for blob_id, oid in cursor.fetchall()}


def _copy_postings(chunks: Sequence[Chunk], frequencies: Sequence[dict[int, int]]) -> None:
    postings: dict[int, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for chunk, of_chunk in zip(chunks, frequencies, strict=True):
        for term, frequency in of_chunk.items():
            chunk_ids, counts = postings[term]
            chunk_ids.append(chunk.pk)
            counts.append(frequency)
    with connection.cursor() as cursor, cursor.copy(COPY_POSTINGS) as copy:
        copy.set_types(["int8", "int8", "int8[]", "int2[]"])
        for term in sorted(postings):
            copy.write_row((term, chunks[0].pk, *postings[term]))


def store_embeddings(
    job: Job, model: str, chunk_ids: Sequence[int], vectors: Sequence[Sequence[float]]
) -> int:
    """Write vectors; return how many were new. Chunks that were pruned meanwhile are left out."""
    parameters: dict[str, Any] = {
        "model": model,
        "chunk_ids": list(chunk_ids),
        "vectors": ["[" + ",".join(f"{x:.6g}" for x in vector) + "]" for vector in vectors],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        fence(job)
        cursor.execute(INSERT_EMBEDDINGS, parameters)
        return int(cursor.rowcount)
