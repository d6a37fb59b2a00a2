"""Names that blobs define and use: what "go to definition" and "who calls this" are made of."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Lower

from indexer.models.document import Blob


class Definition(models.Model):
    """A function, class, constant ... that a blob defines."""

    blob = models.ForeignKey(Blob, on_delete=models.CASCADE, related_name="definitions")
    name = models.CharField(max_length=200)  # "invoke"
    qualified = models.CharField(max_length=200)  # "Command.invoke"
    kind = models.CharField(max_length=40)
    start_line = models.IntegerField()
    end_line = models.IntegerField()
    signature = models.CharField(max_length=200, blank=True)

    class Meta:
        # With the blob: which blobs define a common name is told by the index alone.
        indexes = [
            models.Index(fields=["name", "blob"], name="definition_by_name"),
            # For pickers, which know how a name begins and not its case.
            models.Index(
                OpClass(Lower("name"), name="text_pattern_ops"), name="definition_by_beginning"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.qualified}#L{self.start_line}"


class Reference(models.Model):
    """The lines of a blob that use a name: calls, types, imports."""

    blob = models.ForeignKey(Blob, on_delete=models.CASCADE, related_name="references")
    name = models.CharField(max_length=200)
    lines = ArrayField(models.IntegerField())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "blob"], name="one_reference_per_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name}@{self.blob_id}"
