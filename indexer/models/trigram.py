"""Which trigrams occur in the text of a blob: what exact and regular expression search begin with."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from indexer.models.document import Blob


class TrigramSet(models.Model):
    """Trigrams of texts, folded to one case, each once: of one blob, or of versions of one file.

    Versions of a file share nearly all their trigrams, so they share a set that holds those of all
    (indexer.ingestion.trigrams). It says where a pattern may stand; the text says where it does.
    """

    trigrams = ArrayField(models.IntegerField())  # indexer.lexical.trigrams

    class Meta:
        indexes = [GinIndex(fields=["trigrams"], name="trigram_set_by_trigram")]

    def __str__(self) -> str:
        return str(self.pk)


class TrigramUse(models.Model):
    """Which set holds the trigrams of a blob.

    A table of its own: a blob's row is behind the second wall, which would be asked for each of
    thousands of candidates.
    """

    blob = models.OneToOneField(
        Blob, on_delete=models.CASCADE, primary_key=True, related_name="trigram_use"
    )
    trigram_set = models.ForeignKey(TrigramSet, on_delete=models.CASCADE, related_name="uses")

    def __str__(self) -> str:
        return f"{self.blob_id}:{self.trigram_set_id}"
