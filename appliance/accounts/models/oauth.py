"""Sign-in of programs by OAuth: which programs there are, and who let which of them in."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from appliance.accounts.models.token import ApiToken
from appliance.accounts.models.user import User


class OAuthProgram(models.Model):
    """A program that registered itself (RFC 7591). Nobody checked what it says of itself."""

    client_id = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=100)
    redirect_uris = models.JSONField(default=list)  # where it may be told that it is let in
    address = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["address", "created_at"], name="oauth_program_by_address")]

    def __str__(self) -> str:
        return self.name


class OAuthCode(models.Model):
    """What a program is handed when its person lets it in, good once and for a minute."""

    hash = models.CharField(max_length=64, unique=True)
    program = models.ForeignKey(OAuthProgram, on_delete=models.CASCADE, related_name="codes")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    redirect_uri = models.TextField()
    challenge = models.CharField(max_length=128)  # only who made it knows what it is the hash of
    rights = models.JSONField(default=list)
    days = models.IntegerField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"a code of {self.program} for {self.user}"


class OAuthGrant(models.Model):
    """What makes a token one of OAuth: its text ends within the hour, and is changed for a new one.

    The token is a row like every other, so it is listed, narrowed, revoked and ends as they do.
    """

    token = models.OneToOneField(ApiToken, on_delete=models.CASCADE, related_name="grant")
    program = models.ForeignKey(OAuthProgram, on_delete=models.PROTECT, related_name="grants")
    code_hash = models.CharField(max_length=64, db_index=True)  # which code it was made of
    refresh_hash = models.CharField(max_length=64, unique=True)
    # Hashes of refresh tokens that were used up: whoever comes with one of these, or with the
    # code once more, has a copy, and then nobody knows which of the two is the program.
    spent = models.JSONField(default=list)
    access_ends_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.token} for {self.program}"
