"""Who may read what: grants of groups and people to sources and path patterns."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from appliance.accounts.models import User
from appliance.sources.models.host import HostAccess
from indexer.models import Source


def check_pattern(pattern: str) -> None:
    """Refuse what no path of a repository can match: a denial that fits nothing protects nothing."""
    for part in pattern.strip().strip("/").split("/"):
        if part in (".", ".."):
            raise ValidationError(f"No path in a repository holds a folder {part}.")


class Grant(models.Model):
    """One rule: this group, or this person, may (or may not) read these paths of this source.

    Nothing is readable without a rule. Where several match, the most specific pattern decides,
    and of equally specific ones the denial; whether a rule is a person's own or a group's makes no
    difference. An empty pattern is the whole source. After its end a rule counts no more.

    What a host's permissions bring stands beside what people here make, and is theirs to change
    only by no longer taking it.
    """

    group = models.ForeignKey(
        Group, on_delete=models.CASCADE, null=True, blank=True, related_name="grants"
    )
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="grants"
    )
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="grants")
    path_pattern = models.CharField(max_length=500, blank=True, validators=[check_pattern])
    allow = models.BooleanField(default=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    # The name is copied: whoever made a rule may leave, and the rule stays.
    created_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    # The host whose permissions it is one of; null: somebody here made it.
    imported_by = models.ForeignKey(
        HostAccess, on_delete=models.CASCADE, null=True, blank=True, related_name="grants"
    )

    class Meta:
        ordering = ["source__name", "group__name", "user__username", "path_pattern"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user=None) ^ models.Q(group=None), name="grant_of_one_holder"
            ),
            models.UniqueConstraint(
                fields=["group", "user", "source", "path_pattern", "imported_by"],
                nulls_distinct=False,
                name="one_grant_per_pattern",
            ),
        ]

    def __str__(self) -> str:
        verb = "may read" if self.allow else "may not read"
        return f"{self.holder} {verb} {self.source}:{self.path_pattern or '*'}"

    @property
    def holder(self) -> Group | User:
        """Return whose rule it is."""
        if self.group is not None:
            return self.group
        assert self.user is not None  # noqa: S101 - the constraint of the table says so
        return self.user

    @property
    def last_day(self) -> date | None:
        """Return the last day on which the rule counts."""
        return last_day_before(self.expires_at) if self.expires_at else None

    def is_expired(self, at: datetime | None = None) -> bool:
        return self.expires_at is not None and self.expires_at <= (at or timezone.now())


def end_of(day: date) -> datetime:
    """Return the moment when a day is over here."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))


def last_day_before(end: datetime) -> date:
    """Return the day, here, to which the moment before an end belongs."""
    return timezone.localdate(end - timedelta(microseconds=1))


def in_force(at: datetime | None = None) -> models.Q:
    """Return the condition that a rule has not ended."""
    return models.Q(expires_at=None) | models.Q(expires_at__gt=at or timezone.now())
