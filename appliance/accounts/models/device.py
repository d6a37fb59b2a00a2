"""Sign-in of a program by a code that its person types in elsewhere (RFC 8628)."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from appliance.accounts.models.user import User


class DeviceSignIn(models.Model):
    """One program that asks to be let in; both of its codes are kept as hashes only.

    The row ends with the token: what was fetched, refused or has expired is deleted.
    """

    device_hash = models.CharField(max_length=64, unique=True)  # SHA-256 of 256 random bits
    user_hash = models.CharField(max_length=64, unique=True)  # keyed: eight letters are guessed
    client = models.CharField(max_length=100)  # what the program calls itself; nobody checked it
    address = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    interval_s = models.IntegerField(default=5)
    polled_at = models.DateTimeField(null=True)
    # Who let it in, and what for; the token is made when the program fetches it.
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, related_name="device_sign_ins"
    )
    is_refused = models.BooleanField(default=False)
    rights = models.JSONField(default=list)
    days = models.IntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["address", "created_at"], name="device_by_address")]

    def __str__(self) -> str:
        return f"{self.client} from {self.address}"

    @property
    def is_waiting(self) -> bool:
        """Whether its person has still to decide."""
        decided = self.is_refused or self.user_id is not None
        return not decided and self.expires_at > timezone.now()
