"""Which groups are answered by an adapter, and which sources it learned from."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import models
from django.utils import timezone

LONGEST_NAME = 64


class ModelAdapter(models.Model):
    """An adapter that the chat servers serve under this name.

    It carries what it learned from: only who may read all of those sources is answered by it.
    """

    name = models.CharField(max_length=LONGEST_NAME, unique=True)
    groups = models.ManyToManyField(Group, related_name="model_adapters", blank=True)
    # [id, name] of each source. Ids and no foreign keys: when a source is removed, the adapter still
    # holds its text, so it must not become anybody else's.
    learned_from = models.JSONField(default=list)
    set_by = models.CharField(max_length=150)
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def source_ids(self) -> frozenset[int]:
        return frozenset(source_id for source_id, _ in self.learned_from)

    @property
    def source_names(self) -> list[str]:
        return [name for _, name in self.learned_from]
