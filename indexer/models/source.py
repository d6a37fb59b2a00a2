"""What an administrator connected, the refs that are followed, and what each sync brought."""

from __future__ import annotations

from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"


class SharedCredential(models.Model):
    """A credential that several sources use: renewed in one place."""

    name = models.CharField(max_length=100, unique=True)
    # Sealed by indexer.sealing; never shown, never logged.
    sealed = models.BinaryField(editable=False)
    # Of notices of pushes that a host sends for all its repositories to one address; sealed.
    hook_secret = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Source(models.Model):
    """Something an administrator connected: a git repository, a folder or an archive.

    Folders and archives become commits of a mirror of their own, so that everything behind the
    fetch knows only commits.
    """

    class Kind(models.TextChoices):
        REMOTE = "remote", "Git address"
        PATH = "path", "Git repository on this machine"
        BUNDLE = "bundle", "Git bundle on this machine"
        FOLDER = "folder", "Watched folder"
        ARCHIVE = "archive", "Uploaded archive"

    name = models.CharField(
        max_length=100,
        unique=True,
        validators=[
            RegexValidator(
                NAME_PATTERN,
                "Letters, digits, dot, dash and underscore; begin with a letter or digit.",
            )
        ],
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    location = models.TextField()
    # Names or patterns ("release/*"); empty: the default branch.
    ref_names = ArrayField(models.CharField(max_length=250), default=list, blank=True)
    exclude_patterns = ArrayField(models.CharField(max_length=500), default=list, blank=True)
    # Whether an operator named it on the command line, where any path may be named.
    from_command_line = models.BooleanField(default=False, editable=False)
    # Sealed by indexer.sealing; never shown, never logged.
    credential = models.BinaryField(null=True, blank=True, editable=False)
    shared_credential = models.ForeignKey(
        SharedCredential, on_delete=models.PROTECT, null=True, blank=True, related_name="sources"
    )
    is_paused = models.BooleanField(default=False)
    # Whether anybody may write here unreviewed: answers take little of it beside other sources.
    is_open = models.BooleanField(default=False)
    poll_s = models.IntegerField(null=True, blank=True)  # null: the appliance's; 0: never
    next_poll_at = models.DateTimeField(default=timezone.now, db_index=True)
    # When the origin was last compared with the mirror: what is shown is as fresh as that.
    checked_at = models.DateTimeField(null=True, editable=False)
    # When the origin first refused what it gave before; null: it gives it, or was never asked.
    refused_at = models.DateTimeField(null=True, editable=False)
    # Since when nothing of it is shown, because the origin refused it twice.
    hidden_at = models.DateTimeField(null=True, editable=False)
    hidden_reason = models.TextField(blank=True, editable=False)
    # Of the oldest push that is not live yet; null: nothing is known to be missing.
    pushed_at = models.DateTimeField(null=True, editable=False)
    # Sentences about the last fetch: what was left out, which patterns match nothing.
    notes = ArrayField(models.TextField(), default=list, blank=True, editable=False)
    # The commit up to which the history of the default ref is stored.
    history_commit = models.CharField(max_length=64, blank=True, editable=False)
    # Another one whenever the stored history changes: by it, what was read of it is kept in memory.
    history_edition = models.UUIDField(default=uuid4, editable=False)
    hook_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    hook_secret = models.BinaryField(null=True, editable=False)  # sealed
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Ref(models.Model):
    """A branch, tag or commit of a source that is followed, and the commit that is live for it."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="refs")
    name = models.CharField(max_length=250)
    kind = models.CharField(max_length=10, default="branch")  # branch, tag, commit
    is_default = models.BooleanField(default=False)
    commit = models.CharField(max_length=64)
    committed_at = models.DateTimeField()
    live_at = models.DateTimeField(default=timezone.now)
    # Another one whenever its documents or their chunks change: by it, what was read of the ref is
    # kept in memory.
    edition = models.UUIDField(default=uuid4, editable=False)
    # What the tree was sorted by: patterns, limits, reader. Another key sorts it anew.
    plan_key = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "name"], name="one_ref_per_name"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id}:{self.name}@{self.commit[:12]}"


class Revision(models.Model):
    """What one sync brought for one ref: the record behind `sync --json` and the source page."""

    ref = models.ForeignKey(Ref, on_delete=models.CASCADE, related_name="revisions")
    commit = models.CharField(max_length=64)
    live_at = models.DateTimeField(default=timezone.now)
    files = models.IntegerField(default=0)
    files_changed = models.IntegerField(default=0)
    chunks = models.IntegerField(default=0)
    chunks_embedded = models.IntegerField(default=0)
    skipped = models.JSONField(default=dict)  # reason -> count
    seconds_lexical = models.FloatField(default=0.0)
    seconds_vector = models.FloatField(null=True)  # null: vectors are not complete yet
    seconds_fresh = models.FloatField(null=True)  # from the notice of the push until it was live

    class Meta:
        ordering = ["-live_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.ref_id}@{self.commit[:12]}"
