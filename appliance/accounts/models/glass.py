"""Emergency access: an admin reads what nobody granted them, for a while, and everybody hears it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from appliance.accounts.models.user import User


class BrokenGlass(models.Model):
    """One time that an admin opened all content for themselves, and why."""

    class Mail(models.TextChoices):
        OFF = "off", "No mail relay is set"
        WAITING = "waiting", "Will be sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Not sent"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="broken_glass")
    reason = models.TextField()
    opened_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    # Admins who have looked at the list since: the others are told on every page.
    seen_by = models.ManyToManyField(User, related_name="+", blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)  # by hand, or noted after its end
    mail = models.CharField(max_length=10, choices=Mail.choices, default=Mail.OFF)
    mail_tries = models.PositiveSmallIntegerField(default=0)
    mail_detail = models.TextField(blank=True)  # to how many, and what failed

    class Meta:
        ordering = ["-opened_at", "-pk"]
        verbose_name_plural = "broken glass"
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(closed_at=None), name="one_open_glass"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} from {self.opened_at:%Y-%m-%d %H:%M}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None and self.ends_at > timezone.now()
