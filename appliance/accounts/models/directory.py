"""Where people come from when they are not made here: identity providers and directories."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import models
from django.db.models.functions import Upper
from django.utils import timezone

from appliance.accounts.models.user import User


class Directory(models.Model):
    """One identity provider or directory of the company, by whatever roads it is reached.

    People sign in through it by its kind; it may provision them by SCIM beside that. Within one
    directory a person is the same by either road; across directories nobody is ever linked.
    """

    class Kind(models.TextChoices):
        OIDC = "oidc", "OpenID Connect"
        SAML = "saml", "SAML 2.0"
        LDAP = "ldap", "LDAP or Active Directory"
        SCIM = "scim", "SCIM only"

    name = models.CharField(max_length=100, unique=True)  # as the sign-in page shows it
    slug = models.SlugField(max_length=60, unique=True)  # in addresses
    kind = models.CharField(max_length=10, choices=Kind.choices)
    is_enabled = models.BooleanField(default=False)
    settings = models.JSONField(default=dict, blank=True)  # what is no secret, by kind
    sealed_secret = models.BinaryField(default=b"", blank=True)  # indexer.sealing.seal_text
    # Makes people at their first sign-in; else only those that SCIM or a sync brought get in.
    creates_people = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    synced_at = models.DateTimeField(null=True, blank=True)  # last full look at its groups
    sync_error = models.TextField(blank=True)
    # How many people the last sync would have shut out: it was refused, an admin may let it go on.
    sync_held = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "directories"

    def __str__(self) -> str:
        return self.name


class Identity(models.Model):
    """One person as one directory knows them."""

    directory = models.ForeignKey(Directory, on_delete=models.CASCADE, related_name="identities")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    # What never changes there: OpenID's sub, SAML's persistent NameID, objectGUID or entryUUID.
    # Empty: provisioned by SCIM, not signed in yet.
    subject = models.CharField(max_length=500, blank=True)
    external_id = models.CharField(max_length=500, blank=True)  # SCIM's externalId
    user_name = models.CharField(max_length=500, blank=True)  # SCIM's userName, LDAP's login name
    attributes = models.JSONField(default=dict, blank=True)  # as it last told them
    is_active = models.BooleanField(default=True)  # what the directory says; User's is what counts
    removed_at = models.DateTimeField(
        null=True, blank=True
    )  # it does not know this person any more
    # What the directory sent by SCIM; null: it never did, so SCIM does not see this person.
    provisioned = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)  # what it tells of them, by SCIM
    seen_at = models.DateTimeField(default=timezone.now)  # when it was last asked about them
    signed_in_at = models.DateTimeField(null=True, blank=True)  # when it last let this person in
    # OpenID's refresh token, sealed: with it the provider is asked whether the person still is.
    sealed_renewal = models.BinaryField(default=b"", blank=True)
    # Since when the provider does not renew their sign-in: shut out until they sign in again.
    lapsed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "identities"
        indexes = [
            models.Index("directory", Upper("user_name"), name="identity_by_user_name"),
            models.Index(fields=["directory", "external_id"], name="identity_by_external_id"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["directory", "subject"],
                condition=~models.Q(subject=""),
                name="one_identity",
            ),
            models.UniqueConstraint(fields=["directory", "user"], name="one_identity_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.directory}: {self.subject or self.user_name}"


class GroupMapping(models.Model):
    """Which group here a group of a directory is. Without any mapping, names are taken as they are
    when the directory says so in its settings, else nobody joins anything."""

    directory = models.ForeignKey(Directory, on_delete=models.CASCADE, related_name="mappings")
    external = models.CharField(max_length=500)  # a name, a distinguished name, or an id
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="mappings")

    class Meta:
        ordering = ["external"]
        constraints = [
            models.UniqueConstraint(
                fields=["directory", "external", "group"], name="one_group_mapping"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.external} -> {self.group}"


class Belonging(models.Model):
    """That a directory says: this person is in this group.

    `User.groups` is what counts. It is what admins gave by hand and what directories say; the
    rows here tell which is which, so that a directory takes back only what it gave.
    """

    directory = models.ForeignKey(Directory, on_delete=models.CASCADE, related_name="belongings")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="belongings")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="belongings")
    # Whether the person was in the group already when the directory first said so.
    was_by_hand = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["directory", "user", "group"], name="one_belonging"),
        ]

    def __str__(self) -> str:
        return f"{self.directory}: {self.user} in {self.group}"
