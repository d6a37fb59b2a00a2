"""What clients of OpenAI's chat completions send and expect, as far as it means something here."""

from __future__ import annotations

from typing import Annotated, Literal

from ninja import Schema
from pydantic import Field

from appliance.web.api.schemas import Text


class Part(Schema):
    type: str = "text"
    text: Text = ""


class ChatMessage(Schema):
    role: Annotated[str, Field(max_length=20)]
    content: Text | list[Part] | None = None


class StreamOptions(Schema):
    include_usage: bool = False


class ChatRequest(Schema):
    """Everything else that such a request may hold is ignored: the answers of this server do not
    depend on it."""

    model: Annotated[Text, Field(max_length=100)] = "plumbline"
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=2000)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None


class UrlCitation(Schema):
    url: str
    title: str
    start_index: int
    end_index: int


class Annotation(Schema):
    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class ReplyMessage(Schema):
    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[Annotation]


class Choice(Schema):
    index: int = 0
    message: ReplyMessage
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class Usage(Schema):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Origin(Schema):
    """Where the answer is on the pages, and how it was checked."""

    thread: str
    message: str
    url: str
    supported: int
    unsupported: int


class Completion(Schema):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    plumbline: Origin


class Model(Schema):
    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: Literal["plumbline"] = "plumbline"


class ModelList(Schema):
    object: Literal["list"] = "list"
    data: list[Model]


class ChatError(Schema):
    """An error as OpenAI's clients expect it: message, type, param and code."""

    error: dict[str, str | None]
