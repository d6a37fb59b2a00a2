"""What is found of a span, stored once for all the blobs that hold it."""

from __future__ import annotations

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Lower


class Passage(models.Model):
    """The terms and definitions of a span of lines, whatever blobs and versions hold it.

    Ten versions of a file differ in few of their chunks: the others point to the passages that the
    first version made. Postings name passages; a passage that two sources hold shows nothing of
    one to readers of the other, who are answered from the chunks that they may see.
    """

    # Of all that is shared: indexer.ingestion.passages. Made here, never told by a reading child.
    identity = models.UUIDField(unique=True)

    def __str__(self) -> str:
        return str(self.identity)


class PassageDefinition(models.Model):
    """A definition that begins in a passage, by lines after the passage's first one."""

    passage = models.ForeignKey(Passage, on_delete=models.CASCADE, related_name="definitions")
    name = models.CharField(max_length=200)  # "invoke"
    qualified = models.CharField(max_length=200)  # "Command.invoke"
    kind = models.CharField(max_length=40)
    start = models.IntegerField()
    end = models.IntegerField()  # of its last line, which may lie behind the passage
    signature = models.CharField(max_length=200, blank=True)

    class Meta:
        # With the passage: which passages define a common name is told by the index alone.
        indexes = [
            models.Index(fields=["name", "passage"], name="definition_by_name"),
            # For pickers, which know how a name begins and not its case.
            models.Index(
                OpClass(Lower("name"), name="text_pattern_ops"), name="definition_by_beginning"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.qualified}+{self.start}"
