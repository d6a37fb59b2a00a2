"""The writes of a sync: content as it is read, then one transaction that makes it live."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection, transaction

from indexer.confined.protocol import Answer
from indexer.ingestion.jobs import fence
from indexer.ingestion.passages import add_passages, drop_passages, passages_of
from indexer.ingestion.trigrams import add_trigrams, drop_trigrams
from indexer.models import Chunk, Finding, Job, NamesUsed
from indexer.reading.version import READER_VERSION

# A blob that an older reader made is written anew, in place; its documents never notice.
INSERT_BLOBS = """
INSERT INTO indexer_blob
       (oid, size_bytes, language, line_count, text, skip_reason, skip_detail, format, note, places,
        reader_version, stored_by)
SELECT entry.*, %(version)s, %(job_id)s
  FROM unnest(%(oids)s::text[], %(sizes)s::bigint[], %(languages)s::text[],
              %(line_counts)s::int[], %(texts)s::text[], %(reasons)s::text[],
              %(details)s::text[], %(formats)s::text[], %(notes)s::text[], %(places)s::jsonb[])
    AS entry
    ON CONFLICT (oid) DO UPDATE
   SET size_bytes = EXCLUDED.size_bytes, language = EXCLUDED.language,
       line_count = EXCLUDED.line_count, text = EXCLUDED.text,
       skip_reason = EXCLUDED.skip_reason, skip_detail = EXCLUDED.skip_detail,
       format = EXCLUDED.format, note = EXCLUDED.note, places = EXCLUDED.places,
       reader_version = EXCLUDED.reader_version, stored_by = EXCLUDED.stored_by
 WHERE indexer_blob.reader_version < EXCLUDED.reader_version
RETURNING id, oid, xmax <> 0 AS was_there
"""
COPY_CHUNKS = (
    "COPY indexer_chunk (blob_id, passage_id, ordinal, start_line, end_line, symbol, kind, context,"
    " length_terms, digest) FROM STDIN"
)
COPY_NAMES_USED = "COPY indexer_namesused (blob_id, names, lines) FROM STDIN"
COPY_FINDINGS = "COPY indexer_finding (blob_id, kind, rule, line) FROM STDIN"
# In one order, so that two writers never wait for each other.
RENEW_EDITIONS = """
UPDATE indexer_ref
   SET edition = gen_random_uuid()
 WHERE id IN (SELECT id
                FROM indexer_ref
               WHERE id IN (SELECT unnest(refs) FROM indexer_document
                             WHERE blob_id = ANY(%(blob_ids)s::bigint[]))
               ORDER BY id
                 FOR NO KEY UPDATE)
"""
INSERT_EMBEDDINGS = """
INSERT INTO indexer_embedding (digest, model, vector)
SELECT entry.digest, %(model)s, entry.vector::halfvec
  FROM unnest(%(digests)s::uuid[], %(vectors)s::text[]) AS entry(digest, vector)
 WHERE EXISTS (SELECT 1 FROM indexer_chunk AS chunk WHERE chunk.digest = entry.digest)
    ON CONFLICT (digest, model) DO NOTHING
"""


def store_blobs(job: Job, answers: Sequence[Answer]) -> int:
    """Write blobs with all that belongs to them, or nothing; return the new chunks' number.

    A blob that another worker stored meanwhile is left alone. Nothing of it is visible before
    a document points to it.
    """
    with transaction.atomic():
        fence(job)
        new = _insert_blobs(job, answers)
        pairs = [(new[answer.oid], answer) for answer in answers if answer.oid in new]
        _copy_chunks(pairs, add_passages(job.source_id, [answer for _, answer in pairs]))
        _copy(
            COPY_NAMES_USED,
            (
                (blob_id, *_names_used(answer.references))
                for blob_id, answer in pairs
                if answer.references
            ),
        )
        add_trigrams(job.source_id, [pair for pair in pairs if not pair[1].skip_reason])
        _copy(
            COPY_FINDINGS,
            ((blob_id, *finding) for blob_id, answer in pairs for finding in answer.findings),
        )
    return sum(len(answer.chunks) for _, answer in pairs)


def _insert_blobs(job: Job, answers: Sequence[Answer]) -> dict[str, int]:
    """Return the ids of the blobs that are to be filled, by object id."""
    ordered = sorted(answers, key=lambda answer: answer.oid)  # one order: no deadlocks
    parameters: dict[str, Any] = {
        "oids": [answer.oid for answer in ordered],
        "sizes": [answer.size_bytes for answer in ordered],
        "languages": [answer.language for answer in ordered],
        "line_counts": [answer.line_count for answer in ordered],
        "texts": [answer.text for answer in ordered],
        "reasons": [answer.skip_reason for answer in ordered],
        "details": [answer.skip_detail for answer in ordered],
        "formats": [answer.format for answer in ordered],
        "notes": [answer.note for answer in ordered],
        "places": [json.dumps(answer.places) for answer in ordered],
        "version": READER_VERSION,
        "job_id": job.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(INSERT_BLOBS, parameters)
        rows = cursor.fetchall()
    emptied = [blob_id for blob_id, _, was_there in rows if was_there]
    if emptied:
        passages = passages_of(emptied)
        for model in (Chunk, NamesUsed, Finding):
            model._default_manager.filter(blob_id__in=emptied).delete()
        drop_passages(passages)
        drop_trigrams(emptied)
        with connection.cursor() as cursor:
            cursor.execute(RENEW_EDITIONS, {"blob_ids": emptied})
    return {oid: blob_id for blob_id, oid, _ in rows}


def _copy_chunks(pairs: Sequence[tuple[int, Answer]], passages: Sequence[int]) -> None:
    """Write the chunks, blob after blob, each with its passage."""
    chunks = (
        (blob_id, ordinal, chunk)
        for blob_id, answer in pairs
        for ordinal, chunk in enumerate(answer.chunks)
    )
    _copy(
        COPY_CHUNKS,
        (
            (
                blob_id,
                passage_id,
                ordinal,
                chunk.start_line,
                chunk.end_line,
                chunk.symbol,
                chunk.kind,
                chunk.context,
                chunk.length_terms,
                UUID(bytes=chunk.digest),
            )
            for passage_id, (blob_id, ordinal, chunk) in zip(passages, chunks, strict=True)
        ),
    )


def _copy(statement: str, rows: Iterable[tuple[object, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _names_used(
    references: Sequence[tuple[str, Sequence[int]]],
) -> tuple[list[str], list[str]]:
    """Return names and, at the same places, their lines as stored."""
    return [name for name, _ in references], [",".join(map(str, lines)) for _, lines in references]


def _halfvec(vector: Sequence[float]) -> str:
    """Return a unit vector in PostgreSQL's text form, a little more exactly than halfvec keeps it."""
    return str(np.round(vector, 5).tolist())


def store_embeddings(
    job: Job, model: str, digests: Sequence[UUID], vectors: Sequence[Sequence[float] | None]
) -> int:
    """Write vectors; return how many were new. Texts that were pruned meanwhile are left out.

    None stands for a text that the model does not take: it counts as embedded and is never near.
    """
    parameters: dict[str, Any] = {
        "model": model,
        "digests": list(digests),
        "vectors": [None if vector is None else _halfvec(vector) for vector in vectors],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        fence(job)
        cursor.execute(INSERT_EMBEDDINGS, parameters)
        return int(cursor.rowcount)
