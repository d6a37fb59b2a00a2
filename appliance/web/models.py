"""Signs of life, what upkeep found, and what the API keeps of requests."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from appliance.accounts.models import ApiToken
from appliance.conversations.models import Message

# One for each queue that people wait for.
SYNC, EMBED, ASK = "sync", "embed", "ask"


class Heartbeat(models.Model):
    """The last sign of life of the worker of one queue; a task writes it, so it proves both."""

    name = models.CharField(max_length=50, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%H:%M:%S}"


def record_heartbeat(name: str) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"at": timezone.now()})


class EgressRun(models.Model):
    """One look of one service for a way out; signed, so that it can be shown to others."""

    class Verdict(models.TextChoices):
        SEALED = "sealed", "Sealed"
        ACCEPTED = "accepted", "Open where accepted"
        OPEN = "open", "Open"
        UNKNOWN = "unknown", "Not known"

    service = models.CharField(max_length=50)
    host = models.CharField(max_length=100)
    at = models.DateTimeField(default=timezone.now)
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    attempts = models.JSONField(default=list)
    controls = models.JSONField(default=list)
    seconds = models.FloatField()
    signature = models.CharField(max_length=128)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["host", "service", "-at"], name="egress_newest")]

    def __str__(self) -> str:
        return f"{self.service} on {self.host}: {self.verdict}"


class BackupRun(models.Model):
    """One try to write a backup: how it ended, for the status page."""

    at = models.DateTimeField(default=timezone.now)
    is_done = models.BooleanField()
    is_encrypted = models.BooleanField(default=False)
    size_bytes = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0.0)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"backup of {self.at:%Y-%m-%d %H:%M}: {'done' if self.is_done else 'failed'}"


class RequestCount(models.Model):
    """How many requests a token has made in its last minute."""

    token = models.OneToOneField(ApiToken, on_delete=models.CASCADE, related_name="+")
    minute = models.DateTimeField()
    count = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.token_id}: {self.count}"


class IdempotencyKey(models.Model):
    """What a program asked under a key of its own, so that asking again asks nothing new.

    It keeps no text, and goes with the message.
    """

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)  # of the address and body
    message = models.ForeignKey(Message, on_delete=models.CASCADE, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token", "key"], name="one_request_per_key"),
        ]

    def __str__(self) -> str:
        return f"{self.key[:40]} of {self.token_id}"


class ChatTurn(models.Model):
    """By what a client sends back of a conversation, the answer in our threads that it ends with."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)  # of all texts up to the answer
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["user", "digest"], name="turns_by_digest")]

    def __str__(self) -> str:
        return f"{self.digest[:12]} of {self.user_id}"
