"""Threads, messages, and the evidence that stood in a prompt or is cited."""

from __future__ import annotations

import uuid
from functools import cached_property

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from appliance.conversations.adapters.models import ModelAdapter
from appliance.conversations.curating.models import CuratedLines, Decision, Feedback
from appliance.conversations.living.models import ChangedAnswer, CitationState, LookedAt
from appliance.conversations.modes import Mode
from appliance.conversations.posting.models import AnswerNews
from indexer.models import Blob, Source
from indexer.spans import Span

__all__ = [
    "AnswerNews",
    "ChangedAnswer",
    "CitationState",
    "CountedQuestion",
    "CuratedLines",
    "Decision",
    "Evidence",
    "Feedback",
    "LookedAt",
    "Message",
    "MessageEvidence",
    "ModelAdapter",
    "Thread",
]


class Thread(models.Model):
    """One conversation of one owner."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="threads"
    )
    title = models.CharField(max_length=200)
    # Words of the owner's own, by which the list is narrowed; nobody else sees them.
    labels = ArrayField(models.CharField(max_length=40), default=list, db_default=[])
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-updated_at"]
        indexes = [models.Index(fields=["owner", "-updated_at"], name="threads_of_owner")]

    def __str__(self) -> str:
        return self.title


class ThreadShare(models.Model):
    """A thread that its owner lets a person or a group read, each as far as they may read its
    evidence."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="shares")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="threads_shared",
    )
    group = models.ForeignKey(
        "auth.Group",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="threads_shared",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shares_made"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user=None, group__isnull=False)
                | models.Q(user__isnull=False, group=None),
                name="shared_with_one",
            ),
            models.UniqueConstraint(fields=["thread", "user"], name="one_share_of_a_person"),
            models.UniqueConstraint(fields=["thread", "group"], name="one_share_of_a_group"),
        ]

    def __str__(self) -> str:
        return f"{self.thread} for {self.user or self.group}"


class Message(models.Model):
    """One turn of a thread: a question, or the answer to it in its present state."""

    class Role(models.TextChoices):
        QUESTION = "question", "Question"
        ANSWER = "answer", "Answer"

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        SEARCHING = "searching", "Searching"
        WRITING = "writing", "Writing"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="messages")
    # What it follows on: an answer its question, a question the answer before; several questions
    # after one answer are branches, several answers to one question are tries.
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )
    role = models.CharField(max_length=10, choices=Role.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DONE)
    text = models.TextField(blank=True)  # as the model wrote it, with handles
    query = models.TextField(blank=True)  # what was searched for: the standalone question
    source_names = models.JSONField(default=list)  # narrowed to these; empty: all readable
    folders = models.JSONField(default=list)  # of these sources: see narrowing
    ref = models.CharField(max_length=250, blank=True)  # as of this; empty: each source's default
    # The program that asked. Its answer reads what the token reads, and not all that its person does.
    token = models.ForeignKey(
        "accounts.ApiToken", on_delete=models.RESTRICT, null=True, blank=True, related_name="+"
    )
    mode = models.CharField(
        max_length=10, choices=[(one.value, one.value) for one in Mode], default="answer"
    )
    # Of modes that take several: see steps.Step. A worker that takes an answer up goes on from them.
    steps = models.JSONField(default=list)
    patches = models.JSONField(default=list)  # proposed changes with their checks
    note = models.TextField(blank=True)  # what an answer came to, for the prompts of later turns
    is_pinned = models.BooleanField(default=False)  # stands in every later prompt of its branch
    # What the prompt was made of, and what did not fit: see packing.PackedPrompt
    prompt = models.JSONField(default=dict)
    # Files that the reader took out of the prompt or put into it: {"drop": [...], "add": [...]}
    wanted = models.JSONField(default=dict)
    not_found = models.BooleanField(default=False)
    stop_asked = models.BooleanField(default=False)
    error = models.TextField(blank=True)
    receipt = models.JSONField(default=dict)  # what was searched: see answering.Receipt
    usage = models.JSONField(default=dict)  # tokens in and out, seconds to prompt and first words
    struck = models.IntegerField(default=0)  # citations that did not hold and were removed
    checks = models.JSONField(default=dict)  # its sentences, judged: see checks.to_json
    created_at = models.DateTimeField(default=timezone.now)
    attempts = models.SmallIntegerField(default=0)  # how often a worker took it
    begun_at = models.DateTimeField(null=True)  # when a worker took it last
    # Moves while an answer is written; one that has stood still is interrupted.
    touched_at = models.DateTimeField(default=timezone.now)
    seconds = models.FloatField(null=True)

    class Meta:
        ordering = ["created_at", "pk"]
        indexes = [
            models.Index(fields=["thread", "created_at"], name="messages_of_thread"),
            # Both serve waiting.py, which looks at a few rows among all that were ever written.
            models.Index(
                fields=["state", "created_at"],
                condition=models.Q(state__in=["queued", "searching", "writing"]),
                name="open_answers",
            ),
            models.Index(
                fields=["begun_at"],
                condition=models.Q(begun_at__isnull=False),
                name="begun_answers",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether the answer is still to come or being written."""
        return self.state in {self.State.QUEUED, self.State.SEARCHING, self.State.WRITING}


class CountedQuestion(models.Model):
    """That a person asked something, for their quota; it stays when the thread is deleted, and is
    forgotten after an hour."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="counted_questions"
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["user", "at"], name="counted_of_user")]

    def __str__(self) -> str:
        return f"{self.user} at {self.at:%H:%M:%S}"


class Evidence(models.Model):
    """Lines of a source at a commit that were shown to a model or a person.

    The blob is protected from pruning: a citation opens as long as its message lives.
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="evidence")
    commit = models.CharField(max_length=64)
    path = models.TextField()
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="evidence")
    start_line = models.IntegerField()
    end_line = models.IntegerField()
    line_hash = models.CharField(max_length=64)  # SHA-256 of those lines, joined by \n
    symbol = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "commit", "path", "blob", "start_line", "end_line"],
                name="one_evidence",
            ),
        ]
        indexes = [models.Index(fields=["source", "path"], name="evidence_of_path")]

    def __str__(self) -> str:
        return f"{self.source}@{self.commit[:12]}:{self.path}#{self.span}"

    @property
    def span(self) -> Span:
        return Span(self.start_line, self.end_line)

    @cached_property
    def text_lines(self) -> list[str]:
        """Return the lines of the whole text, taken apart once: a growing answer is rendered again
        and again, and the text of a blob never changes."""
        return self.blob.text.split("\n")

    def lines_at(self, span: Span) -> str:
        return "\n".join(self.text_lines[span.start_line - 1 : span.end_line])


class MessageEvidence(models.Model):
    """What a piece of evidence did in an answer."""

    class Role(models.TextChoices):
        FOUND = "found", "Found, without a model"
        NEAR = "near", "Near, but no answer"
        IN_PROMPT = "in_prompt", "In the prompt"
        LEFT_OUT = "left_out", "Found, but left out of the prompt"
        CITED = "cited", "Cited"
        STRUCK = "struck", "Struck"

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="evidence_links")
    evidence = models.ForeignKey(Evidence, on_delete=models.CASCADE, related_name="message_links")
    handle = models.CharField(max_length=10)  # E1, E2 ...: what the model may name
    role = models.CharField(max_length=10, choices=Role.choices)
    score = models.FloatField(default=0.0)
    legs = models.JSONField(default=list)
    note = models.TextField(blank=True)  # of a curator, who put these lines first

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["message", "handle", "evidence", "role"], name="one_use_of_evidence"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.handle} {self.role}"
