"""What an administrator connected, the refs that are followed, and what each sync brought."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"


class Source(models.Model):
    """Something an administrator connected; today a git repository, remote or on this machine."""

    class Kind(models.TextChoices):
        REMOTE = "remote", "Git address"
        PATH = "path", "Folder on this machine"
        BUNDLE = "bundle", "Git bundle on this machine"

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
    ref_names = ArrayField(models.CharField(max_length=250), default=list, blank=True)
    # Whether an operator named it on the command line, where any path may be named.
    from_command_line = models.BooleanField(default=False, editable=False)
    # Sealed by indexer.sealing; never shown, never logged.
    credential = models.BinaryField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Ref(models.Model):
    """A branch, tag or commit of a source that is followed, and the commit that is live for it."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="refs")
    name = models.CharField(max_length=250)
    is_default = models.BooleanField(default=False)
    commit = models.CharField(max_length=64)
    committed_at = models.DateTimeField()
    live_at = models.DateTimeField(default=timezone.now)

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

    class Meta:
        ordering = ["-live_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.ref_id}@{self.commit[:12]}"
