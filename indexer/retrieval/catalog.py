"""What one ref holds, read from the database once for each of its editions.

A catalog knows no reader: what of it may be seen is decided in `view`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import psycopg
from django.db import connection

from indexer.lexical.entries import Numbers
from indexer.retrieval.kept import Kept
from indexer.wall import as_appliance

_FOLDER = Path(__file__).parent
DOCUMENTS = (_FOLDER / "catalog_documents.sql").read_text(encoding="utf-8")
PATH_TERMS = (_FOLDER / "catalog_path_terms.sql").read_text(encoding="utf-8")
CHUNKS = (_FOLDER / "catalog_chunks.sql").read_text(encoding="utf-8")

MOST_BYTES = 256 * 1024 * 1024  # kept in memory, by each process that searches


class Edition(NamedTuple):
    """A ref as it is now: another edition of it holds something else."""

    ref_id: int
    source_id: int
    edition: UUID


@dataclass(frozen=True, slots=True)
class Catalog:
    """Documents and their path's terms, and the chunks of their blobs, each ordered by its id."""

    documents: Numbers
    document_blobs: Numbers  # of each document
    blobs: Numbers
    path_terms: Numbers  # ascending
    path_documents: Numbers  # whose path holds the term at the same place
    chunks: Numbers
    chunk_blobs: Numbers  # place in `blobs` of each chunk's blob
    chunk_passages: Numbers  # of each chunk, by which postings know it
    chunk_lengths: Numbers  # in terms

    @property
    def nbytes(self) -> int:
        return sum(getattr(self, field.name).nbytes for field in fields(self))

    def documents_with(self, term: int) -> Numbers:
        """Return the documents whose path holds a term."""
        begin, end = np.searchsorted(self.path_terms, (term, term + 1))
        return self.path_documents[begin:end]


_catalogs: Kept[Edition, Catalog] = Kept(MOST_BYTES)


def catalog_of(edition: Edition) -> Catalog:
    return _catalogs.get(edition, lambda: _read(edition))


@as_appliance()
def _read(edition: Edition) -> Catalog:
    parameters = {"source_id": edition.source_id, "ref_id": edition.ref_id}
    documents, document_blobs = _columns(DOCUMENTS, parameters)
    path_terms, path_documents = _columns(PATH_TERMS, parameters)
    chunks, chunk_blobs, passages, lengths = _columns(CHUNKS, parameters)
    blobs = np.unique(document_blobs)
    by_term = np.argsort(path_terms, kind="stable")
    return Catalog(
        documents,
        document_blobs,
        blobs,
        path_terms[by_term],
        path_documents[by_term],
        chunks,
        np.searchsorted(blobs, chunk_blobs),
        passages,
        lengths,
    )


def _columns(statement: str, parameters: dict[str, Any]) -> list[Numbers]:
    """Return the columns of numbers that a statement gives, ordered by the first of them."""
    columns = [numbers_of(content) for content in packed(statement, parameters)[0]]
    order = np.argsort(columns[0], kind="stable")
    return [column[order] for column in columns]


def numbers_of(content: bytes | None) -> Numbers:
    """Return what was joined from int8send; nothing when there were no rows."""
    return np.frombuffer(content or b"", ">i8").astype(np.int64)


def packed(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a statement in PostgreSQL's binary form: bytes come as they are."""
    connection.ensure_connection()
    # Django's own cursors put parameters in on this side, and then can only be answered in text.
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(statement, parameters, binary=True).fetchall()
