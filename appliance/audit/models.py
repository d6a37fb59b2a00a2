"""The append-only record: each row holds the hash of the row before it, and is signed."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from appliance.audit.actions import Action, Outcome


class Event(models.Model):
    """One recorded action. Names are copied into it: it outlives the people and things it names."""

    sequence = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=40)  # an Action; no choices, or each new one would migrate
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.DONE)
    actor_id = models.BigIntegerField(null=True)  # null: the appliance, or nobody who is known
    actor = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=64, blank=True)  # of the client, where there is one
    object_kind = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=100, blank=True)
    object_name = models.CharField(max_length=500, blank=True)
    details = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    signature = models.CharField(max_length=128, default="")

    class Meta:
        ordering = ["sequence"]
        indexes = [
            models.Index(fields=["at"], name="event_by_time"),
            models.Index(fields=["actor_id", "sequence"], name="event_by_actor"),
            models.Index(fields=["actor", "sequence"], name="event_by_name"),
            models.Index(fields=["action", "sequence"], name="event_by_action"),
            models.Index(fields=["object_kind", "object_name"], name="event_by_object"),
            # Whether somebody has been shown an answer's evidence already is asked at each look.
            models.Index(
                fields=["actor_id", "object_id", "action"],
                condition=models.Q(action__in=["evidence.shown", "access.denied"]),
                name="event_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action} {self.actor}"

    @property
    def label(self) -> str:
        """Return what happened, in words; the bare name of what no release knows any more."""
        return Action(self.action).label if self.action in Action else self.action


class Exposure(models.Model):
    """Lines that somebody was shown: a copy of what stands in the event's details, to be searched.

    `manage.py audit verify` compares the two.
    """

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="exposures")
    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=100)
    path = models.TextField()
    first_line = models.IntegerField()
    last_line = models.IntegerField()
    commit = models.CharField(max_length=64, blank=True)
    ground = models.CharField(max_length=700, blank=True)  # the grant that allowed it, in words

    class Meta:
        ordering = ["pk"]
        indexes = [
            # By a digest: a path can be longer than an entry of an index.
            models.Index(
                models.F("source"), models.Func("path", function="md5"), models.F("at"),
                name="exposure_of_lines",
            ),
            models.Index(fields=["actor", "at"], name="exposure_of_person"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.actor} {self.source}:{self.path}#L{self.first_line}-L{self.last_line}"


class Head(models.Model):
    """A signed word about how far the record went at a moment: what comes before it is settled.

    Each stands in a file outside the database too, and goes to the collector of the logs.
    """

    sequence = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    signature = models.CharField(max_length=128)

    class Meta:
        ordering = ["sequence", "pk"]

    def __str__(self) -> str:
        return f"head {self.sequence}"


class Pruning(models.Model):
    """The signed marker in the place of records that were removed when their time was over."""

    first = models.BigIntegerField(unique=True)
    last = models.BigIntegerField()
    previous_hash = models.CharField(max_length=64)  # of the record before the first
    hash = models.CharField(max_length=64)  # of the last
    at = models.DateTimeField()
    signature = models.CharField(max_length=128)

    class Meta:
        ordering = ["first"]

    def __str__(self) -> str:
        return f"pruned {self.first} to {self.last}"

    @property
    def count(self) -> int:
        return self.last - self.first + 1


class Hold(models.Model):
    """A legal hold: no record about this person or thing is removed while it stands."""

    class Kind(models.TextChoices):
        PERSON = "person", "Person"
        SOURCE = "source", "Source"
        THREAD = "thread", "Thread"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=200)  # user name, source name, or the id of a thread
    reason = models.CharField(max_length=500)
    set_by = models.CharField(max_length=200)
    set_at = models.DateTimeField(default=timezone.now)
    lifted_by = models.CharField(max_length=200, blank=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_because = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-set_at", "-pk"]

    def __str__(self) -> str:
        return f"hold on {self.kind} {self.name}"


class Verification(models.Model):
    """What the last looks at the chain found."""

    at = models.DateTimeField(default=timezone.now)
    checked = models.BigIntegerField()
    last = models.BigIntegerField()  # the newest record that was looked at
    head = models.BigIntegerField()  # the newest signed head that fits; 0: none
    problem_at = models.BigIntegerField(null=True)
    problem = models.TextField(blank=True)
    seconds = models.FloatField()

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"verified to {self.last}: {self.problem or 'whole'}"


class SinkCursor(models.Model):
    """How far the record has been delivered to one place outside; what comes after waits here."""

    name = models.CharField(max_length=20, unique=True)  # syslog, file
    sequence = models.BigIntegerField(default=0)  # the last one delivered
    head = models.BigIntegerField(default=0)  # the last signed head delivered, by its id
    delivered_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)  # of the last try; empty: it worked

    def __str__(self) -> str:
        return f"{self.name} at {self.sequence}"
