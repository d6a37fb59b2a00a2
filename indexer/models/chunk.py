"""What is retrieved: spans of blobs, their embeddings and their postings."""

from __future__ import annotations

from django.db import models
from pgvector.django import HalfVectorField

from indexer.models.document import Blob
from indexer.models.passage import Passage
from indexer.spans import Span


class Chunk(models.Model):
    """One span of one blob; its text is those lines of the blob, never a copy."""

    # By the constraint's index.
    blob = models.ForeignKey(Blob, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    passage = models.ForeignKey(
        Passage, on_delete=models.PROTECT, related_name="chunks", db_index=False
    )
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
        indexes = [
            models.Index(fields=["digest"], name="chunk_by_digest"),
            # With the blob: which blobs hold a passage is told by the index alone.
            models.Index(fields=["passage", "blob"], name="chunk_by_passage"),
        ]

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


class Batch(models.Model):
    """Passages whose postings were written together: the unit in which they are read and swept."""

    first = models.BigIntegerField(primary_key=True)  # id of its first passage
    last = models.BigIntegerField()
    passages = models.IntegerField()
    offsets = models.BinaryField()  # of its passages: id minus first, see indexer.lexical.entries
    # Whose sync adds its next few passages here while there is room; not a key, it may be gone.
    written_for = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["written_for", "first"], name="batch_by_writer")]

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"


class Posting(models.Model):
    """In which passages of one batch a term occurs, and how often: an inverted index.

    One row per (batch, term) and not per (passage, term); by batch first, so that what is written
    together lies together, in the table and in its only index.
    """

    pk = models.CompositePrimaryKey("batch", "term")
    batch = models.BigIntegerField()  # Batch.first
    term = models.BigIntegerField()  # indexer.lexical.terms.term_id
    entries = models.BinaryField()  # indexer.lexical.entries

    def __str__(self) -> str:
        return f"{self.batch}:{self.term}"
