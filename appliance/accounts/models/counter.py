"""What is counted about attempts to sign in: shared by all processes, and kept over restarts."""

from __future__ import annotations

from django.db import models


class Counter(models.Model):
    """One thing that is remembered for a while: wrong passwords of a name, a code that was used."""

    key = models.CharField(max_length=255, primary_key=True)
    value = models.JSONField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key
