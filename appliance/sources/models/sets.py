"""Named sets of sources and folders, which people and admins keep to search in."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import models
from django.utils import timezone

from appliance.accounts.models import User
from indexer.models import Source


class SourceSet(models.Model):
    """A set of one person, or of a group, whose members pick it. It opens nothing."""

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="source_sets"
    )
    group = models.ForeignKey(
        Group, on_delete=models.CASCADE, null=True, blank=True, related_name="source_sets"
    )
    name = models.CharField(max_length=60)
    ref = models.CharField(max_length=250, blank=True)  # unless another one is asked for
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(owner=None) ^ models.Q(group=None), name="a_set_is_of_one"
            ),
            models.UniqueConstraint(fields=["owner", "name"], name="one_set_per_name_and_person"),
            models.UniqueConstraint(fields=["group", "name"], name="one_set_per_name_and_group"),
        ]

    def __str__(self) -> str:
        return self.name


class SetPart(models.Model):
    """A source of a set, or a folder (or file) of it."""

    source_set = models.ForeignKey(SourceSet, on_delete=models.CASCADE, related_name="parts")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+")
    path = models.TextField(blank=True)  # empty: all of the source

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_set", "source", "path"], name="a_part_once_in_a_set"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source.name}:{self.path}" if self.path else self.source.name
