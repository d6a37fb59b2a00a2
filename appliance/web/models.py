"""Signs of life: when each background program last did something."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

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
