"""The append-only record: each row holds the hash of the row before it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from appliance.audit.actions import Action, Outcome


class Event(models.Model):
    """One recorded action. Names are copied into it: it outlives the people and things it names."""

    sequence = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=40, choices=Action.choices)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.DONE)
    actor_id = models.BigIntegerField(null=True)  # null: the appliance, or nobody who is known
    actor = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=64, blank=True)  # of the client, where there is one
    object_kind = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=100, blank=True)
    object_name = models.CharField(max_length=500, blank=True)
    details = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["sequence"]
        indexes = [
            models.Index(fields=["at"], name="event_by_time"),
            models.Index(fields=["actor_id", "sequence"], name="event_by_actor"),
            models.Index(fields=["action", "sequence"], name="event_by_action"),
            models.Index(fields=["object_kind", "object_name"], name="event_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action} {self.actor}"
