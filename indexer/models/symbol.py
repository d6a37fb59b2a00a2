"""Names that blobs define and use: what "go to definition" and "who calls this" are made of."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from indexer.models.document import Blob


class Definition(models.Model):
    """A function, class, constant ... that a blob defines: a view of chunks and their passages."""

    blob = models.ForeignKey(Blob, on_delete=models.DO_NOTHING, related_name="definitions")
    name = models.CharField(max_length=200)  # "invoke"
    qualified = models.CharField(max_length=200)  # "Command.invoke"
    kind = models.CharField(max_length=40)
    start_line = models.IntegerField()
    end_line = models.IntegerField()
    signature = models.CharField(max_length=200, blank=True)

    class Meta:
        managed = False

    def __str__(self) -> str:
        return f"{self.qualified}#L{self.start_line}"


class NamesUsed(models.Model):
    """The names that a blob uses and on which lines: calls, types, imports.

    One row a blob: a row for each name would be mostly overhead, and versions of a file use mostly
    the same names.
    """

    blob = models.OneToOneField(
        Blob, on_delete=models.CASCADE, primary_key=True, related_name="names_used"
    )
    names = ArrayField(models.CharField(max_length=200))  # each once
    lines = ArrayField(models.TextField())  # of the name at the same place: "3,14,15"

    class Meta:
        indexes = [GinIndex(fields=["names"], name="names_used_by_name")]

    def __str__(self) -> str:
        return str(self.blob_id)
