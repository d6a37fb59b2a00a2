"""Keys for programs: what stands here recognises a token, and is of no use to who reads it."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from appliance.accounts.models.user import User
from indexer.models import Source


class TokenRight(models.TextChoices):
    """What a token may be used for. None opens more than its person may read."""

    READ = "read", "Search and read"
    ASK = "ask", "Ask questions"


class ApiToken(models.Model):
    """One key of one person for programs; its text is shown once and kept as a hash only."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)  # what it is for, in its person's words
    prefix = models.CharField(max_length=20)  # its first letters, to recognise it by
    hash = models.CharField(max_length=64, unique=True)  # SHA-256 of its 256 random bits
    rights = models.JSONField(default=list)
    # Restricted, and none of the sources left: it reads nothing, instead of everything.
    is_restricted = models.BooleanField(default=False)
    sources = models.ManyToManyField(Source, related_name="+", blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_address = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.user}"

    @property
    def state(self) -> str:
        """Return active, expired or revoked."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at <= timezone.now() else "active"

    @property
    def right_labels(self) -> list[str]:
        return [str(TokenRight(right).label) for right in self.rights]
