"""News of an answer on their way to its owner's webhook."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from appliance.sources.models.saved import Outgoing


class AnswerNews(Outgoing):
    """That an answer ended, or that lines changed which it cites."""

    class Kind(models.TextChoices):
        ENDED = "ended", "Ended"
        CHANGED = "changed", "Changed"

    message = models.ForeignKey(
        "conversations.Message", on_delete=models.CASCADE, related_name="news"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    at = models.DateTimeField()  # of the answer's beginning, or of the change: each is told once
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "kind", "at"], name="one_news_of_an_answer"),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(state="waiting"),
                name="answer_news_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.message_id}: {self.state}"
