"""What a directory keeps here by SCIM beside people: its groups, and the tokens it comes with."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Upper
from django.utils import timezone

from appliance.accounts.models.directory import Directory, Identity
from appliance.accounts.models.user import User


class ScimGroup(models.Model):
    """A group as a directory sends it. Which groups here it stands for, mappings say."""

    directory = models.ForeignKey(Directory, on_delete=models.CASCADE, related_name="scim_groups")
    name = models.CharField(max_length=500)  # SCIM's displayName
    external_id = models.CharField(max_length=500, blank=True)
    members = models.ManyToManyField(Identity, related_name="scim_groups")
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint("directory", Upper("name"), name="one_scim_group"),
        ]

    def __str__(self) -> str:
        return f"{self.directory}: {self.name}"


class ScimToken(models.Model):
    """What a directory shows when it sends people and groups. Only its hash is kept."""

    directory = models.ForeignKey(Directory, on_delete=models.CASCADE, related_name="scim_tokens")
    name = models.CharField(max_length=100)
    beginning = models.CharField(max_length=20)  # to recognise it by
    hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)  # to the minute

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.directory}: {self.name}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()
