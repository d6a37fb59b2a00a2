"""What is measured and what came out: golden questions, runs over them, decisions that rest on them."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from indexer.models.source import Source


class GoldenSet(models.Model):
    """Questions with known answers that belong together."""

    class Kind(models.TextChoices):
        HISTORY = "history", "From history"
        IMPORTED = "imported", "Imported"
        SAVED = "saved", "Saved by people"

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    # Of history: whose commits ask.
    source = models.OneToOneField(Source, on_delete=models.CASCADE, null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["kind", "name"]

    def __str__(self) -> str:
        return self.name


class GoldenEntry(models.Model):
    """A golden question of a set; it goes with the source that its answer lies in."""

    class State(models.TextChoices):
        ACCEPTED = "accepted", "Accepted"
        PROPOSED = "proposed", "Proposed"

    golden_set = models.ForeignKey(GoldenSet, on_delete=models.CASCADE, related_name="entries")
    key = models.CharField(max_length=200)
    query = models.TextField()
    source = models.ForeignKey(Source, on_delete=models.CASCADE, null=True)  # null: any
    gold = models.JSONField()  # [{"path", "start"?, "end"?}]
    # Of a commit: its moment; what history says from then on is left out when it is asked.
    asked_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACCEPTED)
    proposed_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["golden_set", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["golden_set", "key"], name="one_entry_per_key"),
        ]

    def __str__(self) -> str:
        return f"{self.golden_set_id}:{self.key}"


class EvaluationRun(models.Model):
    """All golden questions asked once, in slices, with what was in use at that time."""

    class Reason(models.TextChoices):
        NIGHTLY = "nightly", "nightly"
        ASKED = "asked", "asked for"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    reason = models.CharField(max_length=10, choices=Reason.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)  # of the worker that is at it
    attempt = models.IntegerField(default=0)  # the number that refuses a dead worker's writes
    seconds = models.FloatField(default=0.0)  # at work, over all slices
    progress_total = models.IntegerField(default=0)
    progress_done = models.IntegerField(default=0)
    commits = models.JSONField(default=dict)  # source id -> live commit
    in_use = models.JSONField(default=dict)  # ranking, embedding model, reranker
    # {"all": {measure: mean}, "history" | "asked" | "named" | "unnamed": ..., "sources": {id: ...},
    # "sets": {id: ...}}
    measures = models.JSONField(default=dict)
    vector_recall = models.JSONField(default=list)  # indexer.evaluation.vectors.ClassRecall
    alarms = models.JSONField(default=list)  # {"measure", "over", and a comparison}
    compared_with = models.ForeignKey("self", on_delete=models.SET_NULL, null=True)
    accepted_by = models.CharField(max_length=150, blank=True)  # who took a drop for the new normal
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def is_good(self) -> bool:
        """Return whether later runs may be compared with this one."""
        return self.state == self.State.DONE and bool(not self.alarms or self.accepted_by)


class EvaluationAnswer(models.Model):
    """What one question of a run came to."""

    run = models.ForeignKey(EvaluationRun, on_delete=models.CASCADE, related_name="answers")
    entry = models.ForeignKey(GoldenEntry, on_delete=models.CASCADE)
    values = models.JSONField()  # measure -> value between 0 and 1
    is_named = models.BooleanField()  # the question names the file or a symbol of its answer
    found = models.JSONField(default=list)  # the first hits: {"source_id", "path", "start", "end"}

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "entry"], name="one_answer_per_question"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}:{self.entry_id}"


class Promotion(models.Model):
    """A change of what search uses that was measured before it was made, or refused."""

    class Verdict(models.TextChoices):
        PASSED = "passed", "Passed"
        REFUSED = "refused", "Refused"
        OVERRIDDEN = "overridden", "Overridden"

    kind = models.CharField(max_length=20)  # ranking, embedding, reranker
    before = models.CharField(max_length=200)
    after = models.CharField(max_length=200)
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    comparison = models.JSONField(default=dict)  # kind of questions -> measure -> comparison
    decided_by = models.CharField(max_length=150)
    reason = models.TextField(blank=True)  # why it was made although it is worse
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.before} -> {self.after} {self.verdict}"
