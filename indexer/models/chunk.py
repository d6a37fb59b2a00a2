"""What is retrieved: spans of blobs, their embeddings and their postings."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from pgvector.django import HalfVectorField

from indexer.models.document import Blob
from indexer.spans import Span


class Chunk(models.Model):
    """One span of one blob; its text is those lines of the blob, never a copy."""

    blob = models.ForeignKey(Blob, on_delete=models.CASCADE, related_name="chunks")
    ordinal = models.IntegerField()
    start_line = models.IntegerField()
    end_line = models.IntegerField()
    symbol = models.TextField(blank=True)
    kind = models.CharField(max_length=40, blank=True)
    context = models.TextField(blank=True)  # signatures of what encloses it
    length_terms = models.IntegerField()  # BM25's document length
    digest = models.UUIDField()  # of its context and lines: indexer.embedding.digests

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["blob", "ordinal"], name="one_chunk_per_ordinal"),
        ]
        indexes = [models.Index(fields=["digest"], name="chunk_by_digest")]

    def __str__(self) -> str:
        return f"{self.blob_id}#{self.span}"

    @property
    def span(self) -> Span:
        return Span(self.start_line, self.end_line)


class Embedding(models.Model):
    """The vector of a text by one embedding model; sets of two models live side by side.

    Keyed by content, not by chunk: a function that moves to another line, file or source costs
    no new vector.
    """

    digest = models.UUIDField()  # as in Chunk
    model = models.CharField(max_length=100)
    # As many dimensions as the model has; null: the model does not take this text.
    vector = HalfVectorField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["digest", "model"], name="one_embedding_per_model"),
        ]

    def __str__(self) -> str:
        return f"{self.digest}:{self.model}"


class Posting(models.Model):
    """In which chunks of one written batch a term occurs, and how often: an inverted index.

    Arrays per (term, batch) and not a row per (term, chunk): an eleventh of the size
    (measured in the retrieval notes, section 0.3) and one index entry instead of hundreds.
    """

    term = models.BigIntegerField()  # indexer.lexical.terms.term_id
    batch = models.BigIntegerField()  # id of the first chunk of the batch
    offsets = ArrayField(models.IntegerField())  # chunk id minus batch
    frequencies = ArrayField(models.SmallIntegerField())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["term", "batch"], name="one_posting_per_batch"),
        ]
        indexes = [BrinIndex(fields=["batch"], name="posting_by_batch")]

    def __str__(self) -> str:
        return f"{self.term}:{self.batch}"
