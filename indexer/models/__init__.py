"""The corpus in PostgreSQL: content once per blob, documents as paths to it, jobs as rows."""

from __future__ import annotations

from indexer.models.chunk import Batch, Chunk, Embedding, Posting
from indexer.models.document import Blob, Document, Finding, SkippedFile
from indexer.models.embedding_model import EmbeddingModel, LearnedWeights
from indexer.models.evaluation import (
    EvaluationAnswer,
    EvaluationRun,
    GoldenEntry,
    GoldenSet,
    Promotion,
)
from indexer.models.history import Commit, CommitPosting, Ranking
from indexer.models.job import Job
from indexer.models.mirror import ArchivePart, MirrorPack, MirrorPart
from indexer.models.passage import Passage, PassageDefinition
from indexer.models.source import Ref, Revision, SharedCredential, Source
from indexer.models.symbol import Definition, NamesUsed
from indexer.models.trigram import TrigramSet, TrigramUse

__all__ = [
    "ArchivePart",
    "Batch",
    "Blob",
    "Chunk",
    "Commit",
    "CommitPosting",
    "Definition",
    "Document",
    "Embedding",
    "EmbeddingModel",
    "EvaluationAnswer",
    "EvaluationRun",
    "Finding",
    "GoldenEntry",
    "GoldenSet",
    "Job",
    "LearnedWeights",
    "MirrorPack",
    "MirrorPart",
    "NamesUsed",
    "Passage",
    "PassageDefinition",
    "Posting",
    "Promotion",
    "Ranking",
    "Ref",
    "Revision",
    "SharedCredential",
    "SkippedFile",
    "Source",
    "TrigramSet",
    "TrigramUse",
]
