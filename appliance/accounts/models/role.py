"""What people may do here beside reading what they are granted."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import models
from django.utils import timezone

from appliance.accounts.models.user import User
from indexer.models import Source


class Role(models.TextChoices):
    """What somebody may do. None of them opens content: that is what grants are for."""

    EMPLOYEE = "employee", "Employee"  # everybody who is active
    CURATOR = "curator", "Curator"  # corrects answers, keeps golden questions
    SOURCE_ADMIN = "source_admin", "Source admin"  # manages the sources that are theirs
    AUDITOR = "auditor", "Auditor"  # reads the audit, not code
    ADMIN = "admin", "Admin"  # manages everything


class RoleGrant(models.Model):
    """A role that a person has, or each member of a group."""

    GIVEN = [(role.value, role.label) for role in Role if role != Role.EMPLOYEE]

    role = models.CharField(max_length=20, choices=GIVEN)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="role_grants")
    group = models.ForeignKey(
        Group, on_delete=models.CASCADE, null=True, related_name="role_grants"
    )
    # Of a source admin: which source is theirs; a row for each.
    source = models.ForeignKey(Source, on_delete=models.CASCADE, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["role", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user=None) ^ models.Q(group=None), name="role_of_one_holder"
            ),
            models.CheckConstraint(
                condition=models.Q(source=None) ^ models.Q(role=Role.SOURCE_ADMIN),
                name="only_source_admins_have_a_source",
            ),
            models.UniqueConstraint(
                fields=["role", "user", "group", "source"],
                nulls_distinct=False,
                name="one_role_grant",
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.user or self.group}: {self.role}{f' of {self.source}' if self.source else ''}"
        )
