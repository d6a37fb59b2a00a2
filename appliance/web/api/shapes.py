"""The shapes of threads and messages, as the OpenAPI document shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import Field

from appliance.conversations.forms import LONGEST_QUESTION
from appliance.conversations.modes import AUTO
from appliance.web.api.schemas import Name, RefName, SetName, Text

Folder = Annotated[Text, Field(max_length=5000)]


class QuestionIn(Schema):
    question: Annotated[
        Text,
        Field(min_length=1, max_length=LONGEST_QUESTION, description="In plain words."),
    ]
    mode: Text = Field(
        AUTO, max_length=10, description="auto, answer, pair or fix: how it is to be answered"
    )
    sources: list[Name] = Field(
        default_factory=list, max_length=200, description="Only from these; none: from all."
    )
    folders: list[Folder] = Field(
        default_factory=list,
        max_length=20,
        description="Only these folders or files, as `source:path`.",
    )
    set: SetName = ""
    ref: RefName | None = Field(
        None, description="As of this branch or tag; none: what the thread asks about so far."
    )


class FollowUpIn(QuestionIn):
    after: UUID | None = Field(
        None, description="The answer that it follows on; none: the newest of the thread."
    )


class CitationOut(Schema):
    number: int = Field(description="As it stands in the text: [1]")
    source: str
    commit: str
    path: str
    first_line: int
    last_line: int
    state: str = Field(
        description="fresh: the lines stand there still; moved, changed or gone: they do not"
    )
    url: str = Field(description="The page that shows these lines.")
    text: str = Field(description="The cited lines.")
    offsets: list[int] = Field(description="Where in the text of the answer its number stands.")


class QueueOut(Schema):
    before: int = Field(description="Answers that are begun before this one.")
    about: str = Field(description="How long that may take, in words; empty: not known.")


class PatchCheckOut(Schema):
    name: str
    verdict: str = Field(description="passed, failed, marked (look at it) or skipped")
    reason: str


class PatchOut(Schema):
    number: int
    source: str
    commit: str
    state: str = Field(description="good, marked, or failed: not offered for use")
    diff: str
    checks: list[PatchCheckOut]


class CountsOut(Schema):
    supported: int = 0
    doubtful: int = 0
    unsupported: int = 0
    uncited: int = 0
    moved: int = 0
    struck: int = 0


class MessageOut(Schema):
    id: UUID
    thread: UUID
    parent: UUID | None
    role: str = Field(description="question or answer")
    state: str = Field(
        description="Of an answer: queued, searching, writing, done, stopped or failed"
    )
    sealed: bool = Field(description="It rests on what this token does not read: nothing is told.")
    mode: str
    created_at: datetime
    text: str = Field(
        description="Markdown with citations as [1]. A model wrote it: show no images of it."
    )
    citations: list[CitationOut]
    supported: int = Field(description="Sentences that the cited lines carry.")
    unsupported: int = Field(description="Sentences that they do not carry, or only doubtfully.")
    counts: CountsOut
    unknown: list[str] = Field(description="Names in it that occur nowhere in the sources.")
    not_found: bool = Field(description="The sources do not say.")
    patches: list[PatchOut]
    error: str
    queue: QueueOut | None = Field(description="Of an answer that waits.")
    searched: list[dict[str, str]] = Field(description="The sources and commits that it rests on.")
    usage: dict[str, Any] = Field(description="Tokens and seconds, of a finished answer.")
    url: str = Field(description="The page of the message.")


class ThreadOut(Schema):
    id: UUID
    title: str
    created_at: datetime
    updated_at: datetime
    own: bool = Field(description="False: somebody shares it with the token's person.")
    url: str


class ThreadPage(Schema):
    items: list[ThreadOut]
    next: str | None


class ThreadWithMessages(ThreadOut):
    messages: list[MessageOut]


class Asked(Schema):
    thread: ThreadOut
    message: MessageOut = Field(description="The answer that is to come.")


class Followed(Schema):
    message: MessageOut = Field(description="The answer that is to come.")
