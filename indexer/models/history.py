"""What the company's own history says: commits, the words of their messages, learned rankings."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from indexer.models.source import Source


class Commit(models.Model):
    """A commit of a source's default ref, without merges.

    Its paths are named as they are called today: renames are followed when it is written.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="commits")
    oid = models.CharField(max_length=64)
    committed_at = models.DateTimeField()
    author = models.CharField(max_length=200, blank=True)
    message = models.TextField(blank=True)  # secrets masked, cut
    paths = ArrayField(models.TextField(), default=list)  # none for a commit that touched too many
    length_terms = models.IntegerField(default=0)  # BM25's document length

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "oid"], name="one_commit_per_source"),
        ]
        indexes = [models.Index(fields=["source", "committed_at"], name="commit_by_time")]

    def __str__(self) -> str:
        return f"{self.source_id}:{self.oid[:12]}"


class CommitPosting(models.Model):
    """In which commit messages of one batch a term occurs, and how often; see Posting."""

    pk = models.CompositePrimaryKey("source_id", "batch", "term")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, db_index=False)
    batch = models.BigIntegerField()  # id of the first commit of the batch
    term = models.BigIntegerField()
    entries = models.BinaryField()  # indexer.lexical.entries

    def __str__(self) -> str:
        return f"{self.batch}:{self.term}"


class Ranking(models.Model):
    """A way to order search results that was chosen once; the one chosen last is in use."""

    class Origin(models.TextChoices):
        LEARNED = "learned", "Learned from this installation's history"
        SHIPPED = "shipped", "Shipped with the product"
        PLAIN = "plain", "Fixed weights, nothing learned"

    origin = models.CharField(max_length=10, choices=Origin.choices)
    trees = models.TextField(blank=True)  # XGBoost's JSON, of a learned one
    figures = models.JSONField(default=dict)  # what it was learned from, and how it compared
    created_at = models.DateTimeField(default=timezone.now)
    chosen_at = models.DateTimeField(null=True)  # null: it did not win
    by_hand = models.BooleanField(default=False)  # a person chose it: the nightly job leaves it

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.pk}: {self.origin}"
