"""A search that somebody keeps, what they were told of it, and what is on its way to them."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from appliance.accounts.models import User


class SavedSearch(models.Model):
    """A search with a name. With an alert it is made again after each sync, as its owner."""

    class Page(models.TextChoices):
        MEANING = "search", "By meaning"
        CODE = "code", "Code"

    class State(models.TextChoices):
        GOOD = "good", "Looked at after each sync"
        LOST = "lost", "You may not read any of its sources any more, so nothing is searched"
        REFUSED = "refused", "The search does not take this query: change it"
        CUT = "cut", "It finds more than an alert follows: narrow it, or some are missed"

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_searches")
    name = models.CharField(max_length=80)
    page = models.CharField(max_length=10, choices=Page.choices)
    query = models.TextField()
    narrowing = models.JSONField(default=dict)  # narrowing.to_json
    ref = models.CharField(max_length=250, blank=True)
    is_alert = models.BooleanField(default=False)
    by_mail = models.BooleanField(default=False)
    by_webhook = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=10, choices=State.choices, default=State.GOOD)
    # What was looked at last: the editions of all refs it may find something in, as a digest.
    seen = models.CharField(max_length=64, blank=True)
    looked_at = models.DateTimeField(null=True)
    known = models.BinaryField(default=b"")  # digests of the matches that are no news

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="one_saved_search_per_name"),
        ]
        indexes = [
            models.Index(fields=["looked_at"], condition=models.Q(is_alert=True), name="alerts"),
        ]

    def __str__(self) -> str:
        return self.name


class Notification(models.Model):
    """New matches of a saved search. Which of its places are shown is decided when it is read."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    search = models.ForeignKey(SavedSearch, on_delete=models.CASCADE, related_name="notifications")
    seen = models.CharField(max_length=64)  # as of the search: the same look tells only once
    count = models.IntegerField()
    places = models.JSONField(default=list)  # Place.to_json, the first ones
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["search", "seen"], name="one_notification_per_look"),
        ]

    def __str__(self) -> str:
        return f"{self.search_id}: {self.count}"


class Outgoing(models.Model):
    """Something on its way out of the product, tried until it has arrived or is given up."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"
        DROPPED = "dropped", "Dropped"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)  # the same however often it is sent
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True


class Delivery(Outgoing):
    """A notification on its way out of the product."""

    class Road(models.TextChoices):
        MAIL = "mail", "Mail"
        WEBHOOK = "webhook", "Webhook"

    notification = models.ForeignKey(
        Notification, on_delete=models.CASCADE, related_name="deliveries"
    )
    road = models.CharField(max_length=10, choices=Road.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notification", "road"], name="one_delivery_per_road"),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(state__in=["waiting", "sending"]),
                name="deliveries_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.road} of {self.notification_id}: {self.state}"


class WebhookTarget(models.Model):
    """Where a person's alerts are posted to, what else is, and the secret that signs it."""

    owner = models.OneToOneField(User, on_delete=models.CASCADE, related_name="webhook_target")
    url = models.CharField(max_length=2000)
    sealed_secret = models.BinaryField()  # indexer.sealing.seal_text
    created_at = models.DateTimeField(default=timezone.now)
    # From when on the person's answers are told of, at their end and when cited lines change;
    # null: they are not. What was before is no news.
    answers_since = models.DateTimeField(null=True)
    changes_since = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True)  # of the last message that was posted

    def __str__(self) -> str:
        return f"of {self.owner_id}"
