"""The corpus in PostgreSQL: content once per blob, documents as paths to it, jobs as rows."""

from __future__ import annotations

from indexer.models.chunk import Chunk, Embedding, Posting
from indexer.models.document import Blob, Document, SkippedFile
from indexer.models.job import Job
from indexer.models.source import Ref, Revision, Source

__all__ = [
    "Blob",
    "Chunk",
    "Document",
    "Embedding",
    "Job",
    "Posting",
    "Ref",
    "Revision",
    "SkippedFile",
    "Source",
]
