"""What became of cited lines, per ref, and the answers whose owners should know."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from indexer.models import Ref
from indexer.spans import Span


class CitationState(models.Model):
    """Where cited lines stand at a ref now. No row: nobody has touched their file since.

    The evidence itself stays as it was cited; this is where a reader is pointed to instead.
    """

    class State(models.TextChoices):
        FRESH = "fresh", "Fresh"
        MOVED = "moved", "Moved"
        CHANGED = "changed", "Changed"
        GONE = "gone", "Gone"

    evidence = models.ForeignKey(
        "conversations.Evidence", on_delete=models.CASCADE, related_name="states"
    )
    ref = models.ForeignKey(Ref, on_delete=models.CASCADE, related_name="citation_states")
    state = models.CharField(max_length=10, choices=State.choices)
    commit = models.CharField(max_length=64)  # of the ref when this was found
    edition = models.UUIDField()  # of the ref: with it, the same look is not made twice
    # What stood at the evidence's own path then; a number, not a key: it may be pruned.
    blob = models.BigIntegerField(null=True)
    path = models.TextField()
    start_line = models.IntegerField()
    end_line = models.IntegerField()
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["evidence", "ref"], name="one_state_per_ref"),
        ]

    def __str__(self) -> str:
        return f"{self.evidence_id}@{self.ref_id}: {self.state}"

    @property
    def span(self) -> Span:
        return Span(self.start_line, self.end_line)


class LookedAt(models.Model):
    """The edition of a ref up to which the citations of its source were looked at."""

    ref = models.OneToOneField(Ref, on_delete=models.CASCADE, related_name="looked_at")
    edition = models.UUIDField(null=True)  # null: never to the end
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.ref_id}: {self.edition}"


class ChangedAnswer(models.Model):
    """An answer of which cited lines changed or went: listed for its owner until it holds again."""

    message = models.OneToOneField(
        "conversations.Message", on_delete=models.CASCADE, related_name="changed"
    )
    changed_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-changed_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.message_id} since {self.changed_at}"
