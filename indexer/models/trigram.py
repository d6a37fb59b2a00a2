"""Which trigrams occur in the text of a blob: what exact and regular expression search begin with."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from indexer.models.document import Blob


class TrigramSet(models.Model):
    """The trigrams of one blob's text, folded to one case, each once.

    A table of its own: a blob's row is written again when it is read again, and each version of a
    row puts all its trigrams into the index anew.
    """

    blob = models.OneToOneField(
        Blob, on_delete=models.CASCADE, primary_key=True, related_name="trigram_set"
    )
    trigrams = ArrayField(models.IntegerField())  # indexer.lexical.trigrams

    class Meta:
        indexes = [GinIndex(fields=["trigrams"], name="trigram_set_by_trigram")]

    def __str__(self) -> str:
        return str(self.blob_id)
