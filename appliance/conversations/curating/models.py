"""What people say of answers, what a curator decided, and the lines that come first from then on."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

LONGEST_COMMENT = 2000
LONGEST_NOTE = 2000


class Feedback(models.Model):
    """One person's opinion of one answer; it can be changed and taken back."""

    class Reason(models.TextChoices):
        WRONG = "wrong", "Wrong"
        OUTDATED = "outdated", "Outdated"
        NOT_FOUND = "not_found", "Not found, though it is there"
        WRONG_LINES = "wrong_lines", "Wrong lines"
        INCOMPLETE = "incomplete", "Incomplete"
        UNCLEAR = "unclear", "Unclear"
        SLOW = "slow", "Slow"

    message = models.ForeignKey(
        "conversations.Message", on_delete=models.CASCADE, related_name="feedback"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="feedback"
    )
    is_good = models.BooleanField()
    reasons = ArrayField(
        models.CharField(max_length=12, choices=Reason.choices), default=list, blank=True
    )
    comment = models.CharField(max_length=LONGEST_COMMENT, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-updated_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["message", "person"], name="one_feedback_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {'good' if self.is_good else 'bad'}"

    @property
    def reason_labels(self) -> list[str]:
        return [self.Reason(reason).label for reason in self.reasons]


class Decision(models.Model):
    """What a curator made of an answer; feedback that comes later opens the case again."""

    class Outcome(models.TextChoices):
        RESOLVED = "resolved", "Resolved"
        DISMISSED = "dismissed", "Dismissed"

    message = models.OneToOneField(
        "conversations.Message", on_delete=models.CASCADE, related_name="decision"
    )
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    by = models.CharField(max_length=150)
    answer = models.TextField(blank=True)  # the right one, in words; about lines: they have it
    note = models.TextField(blank=True)
    decided_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-decided_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.message_id} {self.outcome}"


class CuratedLines(models.Model):
    """Lines that answer a question, as a curator says: they come first when it is asked again.

    They stand for themselves: the answer that brought them up may be deleted, and the question is
    in the curator's words. They say nothing once the lines have changed, or after a date.
    """

    # Restricts nothing: the lines go with their source, and this goes with them.
    evidence = models.ForeignKey(
        "conversations.Evidence", on_delete=models.CASCADE, related_name="curated"
    )
    question = models.TextField()
    answer = models.TextField(blank=True)
    note = models.TextField(blank=True)
    by = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=timezone.now)
    expires_on = models.DateField(null=True, blank=True)
    decision = models.ForeignKey(
        Decision, on_delete=models.SET_NULL, null=True, related_name="lines"
    )
    # Of the question, by the embedding model of that name.
    vector = ArrayField(models.FloatField(), default=list)
    model = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.by}: {self.evidence_id}"

    def is_expired(self, today: date) -> bool:
        return self.expires_on is not None and self.expires_on < today
