"""Content, stored once per blob, and the paths under which sources show it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from indexer.models.source import Ref, Source
from indexer.skips import EXPLANATIONS, SkipReason

SKIP_CHOICES = [(reason.value, EXPLANATIONS[reason]) for reason in SkipReason]


class Blob(models.Model):
    """The text of one git blob, whatever paths, branches and sources hold it.

    A blob that cannot be indexed has a row too, with the reason and no text, so that the next
    sync does not read it again.
    """

    oid = models.CharField(max_length=64, unique=True)  # git's object id
    size_bytes = models.BigIntegerField()
    language = models.CharField(max_length=40, blank=True)
    line_count = models.IntegerField(default=0)
    text = models.TextField(blank=True)
    skip_reason = models.CharField(max_length=20, blank=True, choices=SKIP_CHOICES)
    skip_detail = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.oid


class Document(models.Model):
    """One path of a source that holds one blob in the given refs."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="documents")
    path = models.TextField()
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="documents")
    refs = ArrayField(models.BigIntegerField())  # ids of the Refs in which it lives
    role = models.CharField(max_length=20)  # source, test, docs ...: see indexer.reading.roles
    path_terms = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "path", "blob"], name="one_document"),
        ]

    def __str__(self) -> str:
        return self.path


class SkippedFile(models.Model):
    """A file of a ref that is not searchable, and why."""

    ref = models.ForeignKey(Ref, on_delete=models.CASCADE, related_name="skipped_files")
    path = models.TextField()
    reason = models.CharField(max_length=20, choices=SKIP_CHOICES)
    detail = models.CharField(max_length=200, blank=True)
    size_bytes = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["path"]
        indexes = [models.Index(fields=["ref", "reason"], name="skipped_by_reason")]

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"
