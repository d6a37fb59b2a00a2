"""Who may read what: grants of groups to sources and path patterns."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import models
from django.utils import timezone

from indexer.models import Source


class Grant(models.Model):
    """One rule: this group may (or may not) read these paths of this source.

    Nothing is readable without a rule. Where several match, the most specific pattern decides,
    and of equally specific ones the denial. An empty pattern is the whole source.
    """

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="grants")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="grants")
    path_pattern = models.CharField(max_length=500, blank=True)
    allow = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["source__name", "group__name", "path_pattern"]
        constraints = [
            models.UniqueConstraint(
                fields=["group", "source", "path_pattern"], name="one_grant_per_pattern"
            ),
        ]

    def __str__(self) -> str:
        verb = "may read" if self.allow else "may not read"
        return f"{self.group} {verb} {self.source}:{self.path_pattern or '*'}"
