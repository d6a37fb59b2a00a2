"""What hosts hand each other of the mirrors, where a site has several (indexer/mirrors.py)."""

from __future__ import annotations

from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models

from indexer.models.source import Source


class MirrorPack(models.Model):
    """What a mirror gained up to one state of its refs: a git pack, in parts; none when only refs
    moved. All packs of a source together hold what its refs reach."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="mirror_packs")
    number = models.PositiveIntegerField()  # of the state; the highest is the site's
    refs = models.BinaryField()  # lines of an object id and the ref that names it, as git says them
    size_bytes = models.BigIntegerField(default=0)
    # Names the state: after a restore another one may have its number.
    key = models.UUIDField(default=uuid4)
    # Of the states between which objects came that are in this pack, its own last; the oldest are
    # forgotten, and hosts that stand there take everything.
    merged_keys = ArrayField(models.UUIDField(), default=list)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["source", "number"], name="one_pack_for_each_state"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id}:{self.number}"


class MirrorPart(models.Model):
    """A piece of a pack, small enough for a row."""

    pk = models.CompositePrimaryKey("pack_id", "position")
    pack = models.ForeignKey(MirrorPack, on_delete=models.CASCADE, db_index=False)
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.pack_id}.{self.position}"


class ArchivePart(models.Model):
    """A piece of an uploaded archive on its way from the pages to the worker that reads it."""

    pk = models.CompositePrimaryKey("source_id", "name", "position")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, db_index=False)
    name = models.CharField(max_length=100)  # of the file, as in the source's location
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.source_id}:{self.name}.{self.position}"
