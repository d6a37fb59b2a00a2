"""The servers that host repositories and know who may read them, and what they last said."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.contrib.auth.models import Group
from django.db import models
from django.utils import timezone

from appliance.accounts.models import Directory, User
from indexer.models import SharedCredential, Source


class CodeHost(models.Model):
    """One server, how it is asked, and how its accounts are recognised as people here."""

    class Kind(models.TextChoices):
        GITLAB = "gitlab", "GitLab"
        GITHUB = "github", "GitHub"
        GITEA = "gitea", "Gitea or Forgejo"
        BITBUCKET = "bitbucket", "Bitbucket Data Center"

    class Match(models.TextChoices):
        USER_NAME = "user_name", "The same user name there and here"
        EMAIL = "email", "The same verified e-mail address"
        EXTERNAL_ID = "external_id", "The identity provider's id of the person"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    address = models.CharField(max_length=500, unique=True)  # as people know it, no slash behind
    credential = models.ForeignKey(
        SharedCredential, on_delete=models.PROTECT, related_name="code_hosts"
    )
    match = models.CharField(max_length=20, choices=Match.choices, default=Match.USER_NAME)
    # Whose ids they are, when people are recognised by the identity provider's.
    directory = models.ForeignKey(
        Directory, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Who reads what is open to every account there, or to everybody; none: it opens nothing here.
    internal_group = models.ForeignKey(
        Group, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    public_group = models.ForeignKey(
        Group, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["address"]

    def __str__(self) -> str:
        return urlsplit(self.address).netloc.removeprefix("api.")


class HostAccess(models.Model):
    """That a source takes its host's permissions, and how current they are."""

    source = models.OneToOneField(Source, on_delete=models.CASCADE, related_name="host_access")
    host = models.ForeignKey(CodeHost, on_delete=models.CASCADE, related_name="accesses")
    # The host's own number: another one at the same path is another repository.
    repository_id = models.CharField(max_length=30, blank=True)
    visibility = models.CharField(max_length=10, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)  # what the host said then is in force
    error = models.TextField(blank=True)
    # How many the last sync would have shut out: it was refused, an admin may let it go on.
    held = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "host accesses"

    def __str__(self) -> str:
        return f"{self.source} by {self.host}"


class HostMember(models.Model):
    """An account that the host lets read a source; replaced as a whole by each sync."""

    access = models.ForeignKey(HostAccess, on_delete=models.CASCADE, related_name="members")
    account_id = models.CharField(max_length=30)
    user_name = models.CharField(max_length=300)
    email = models.CharField(max_length=300, blank=True)
    right = models.CharField(max_length=200, blank=True)  # in the host's own word
    user = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    why = models.TextField(blank=True)  # nobody here is recognised in it

    class Meta:
        ordering = ["user_name", "pk"]

    def __str__(self) -> str:
        return f"{self.user_name} as {self.user or 'nobody'}"


class HostPerson(models.Model):
    """Which person here an account of a host is: found once by the rule, or said by an admin.

    Kept by the host's number, so that another account which takes a name over gains nothing by it.
    """

    host = models.ForeignKey(CodeHost, on_delete=models.CASCADE, related_name="people")
    account_id = models.CharField(max_length=30)
    user_name = models.CharField(max_length=300)  # as it was then
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="host_accounts")
    by_hand = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["user_name"]
        verbose_name_plural = "host people"
        constraints = [
            models.UniqueConstraint(fields=["host", "account_id"], name="one_person_of_an_account"),
        ]

    def __str__(self) -> str:
        return f"{self.user_name} of {self.host} is {self.user}"
