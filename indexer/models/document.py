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
    # indexer.reading.version of the reader that made this; an older one is read again.
    reader_version = models.IntegerField(default=0)
    # Of a document whose text was extracted: "pdf", "docx", "html" ...; empty: the file itself.
    format = models.CharField(max_length=20, blank=True)
    # Where its parts begin: [first line, "page" | "cell" | "section", label], by line.
    places = models.JSONField(default=list, blank=True)
    note = models.CharField(max_length=200, blank=True)  # such as why it was split by lines
    stored_by = models.BigIntegerField(null=True)  # the job; while it runs, nothing is pruned

    def __str__(self) -> str:
        return self.oid


class Finding(models.Model):
    """Something that was masked or neutralised in a blob before it was stored; never its value."""

    class Kind(models.TextChoices):
        SECRET = "secret", "Secret"
        INVISIBLE = "invisible", "Invisible characters"

    blob = models.ForeignKey(Blob, on_delete=models.CASCADE, related_name="findings")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    rule = models.CharField(max_length=80)
    line = models.IntegerField()

    class Meta:
        ordering = ["blob_id", "line", "rule"]

    def __str__(self) -> str:
        return f"{self.blob_id}#L{self.line}: {self.rule}"


class Document(models.Model):
    """One path of a source that holds one blob in the given refs."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="documents")
    path = models.TextField()
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="documents")
    refs = ArrayField(models.BigIntegerField())  # ids of the Refs in which it lives
    role = models.CharField(max_length=20)  # source, test, docs ...: see indexer.reading.roles
    path_terms = ArrayField(models.BigIntegerField(), default=list)
    # By how many commits of the default ref it was changed, and when last: indexer.history.
    touches = models.IntegerField(db_default=0)
    touched_at = models.DateTimeField(null=True)

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
