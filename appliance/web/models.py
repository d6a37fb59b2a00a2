"""Signs of life of the background programs, and what the API keeps of requests."""

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
