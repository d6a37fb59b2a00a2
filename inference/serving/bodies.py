"""The only bodies that a model server is given: the fields that the product sends, and their limits.

What is read is written anew. A field that stands in none of these classes (a chat template, `n`,
`logprobs`, a regular expression to hold an answer to) is refused, so it cannot reach vLLM.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from inference.serving.profiles import Role

LONGEST_ANSWER_TOKENS = 32_768
MOST_TEXTS = 2048  # of an embedding request or a reranking

Text = Annotated[str, Meta(max_length=2_000_000)]
Name = Annotated[str, Meta(max_length=200)]
Salt = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class _Body(Struct, forbid_unknown_fields=True):
    """A body is exactly these fields."""


class Message(_Body):
    role: Literal["system", "user", "assistant"]
    content: Text


class StreamOptions(_Body):
    include_usage: bool


class StructuredOutputs(_Body):
    """What an answer is held to. A regular expression is not among it: see CVE-2026-55574."""

    grammar: Text | UnsetType = UNSET
    choice: Annotated[list[Text], Meta(max_length=64)] | UnsetType = UNSET
    structural_tag: Text | UnsetType = UNSET
    json: dict[str, Any] | UnsetType = UNSET


class Chat(_Body):
    """A chat completion. Without a salt others' cache could be felt (CVE-2025-46570)."""

    model: Name
    messages: Annotated[list[Message], Meta(min_length=1, max_length=1000)]
    max_tokens: Annotated[int, Meta(ge=1, le=LONGEST_ANSWER_TOKENS)]
    cache_salt: Salt
    temperature: Annotated[float, Meta(ge=0, le=2)] = 0.0
    stream: bool = False
    stream_options: StreamOptions | UnsetType = UNSET
    stop: Annotated[list[Name], Meta(max_length=16)] | UnsetType = UNSET
    structured_outputs: StructuredOutputs | UnsetType = UNSET
    priority: Annotated[int, Meta(ge=-100, le=100)] | UnsetType = UNSET


class Count(_Body):
    """How many tokens a prompt is: without it the product would leave half of a window unused."""

    model: Name
    messages: list[Message] | UnsetType = UNSET
    add_generation_prompt: bool | UnsetType = UNSET
    prompt: Text | UnsetType = UNSET
    add_special_tokens: bool | UnsetType = UNSET


class Embedding(_Body):
    model: Name
    input: Annotated[list[Text], Meta(min_length=1, max_length=MOST_TEXTS)]


class Reranking(_Body):
    model: Name
    query: Text
    documents: Annotated[list[Text], Meta(min_length=1, max_length=MOST_TEXTS)]
    truncate_prompt_tokens: Literal[-1] | UnsetType = UNSET


BODIES: Mapping[Role, Mapping[str, type[_Body]]] = {
    "chat": {"/v1/chat/completions": Chat, "/tokenize": Count},
    "embed": {"/v1/embeddings": Embedding},
    "rerank": {"/rerank": Reranking},
}


class BodyRefused(Exception):
    """A request has a field, or a value, that the product never sends."""


def rebuilt(content: bytes, form: type[_Body]) -> bytes:
    """Return a body written anew from its allowed fields; raise BodyRefused for any other."""
    try:
        return msgspec.json.encode(msgspec.json.decode(content, type=form))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise BodyRefused(str(exc)[:200]) from exc


def is_stream(content: bytes) -> bool:
    """Say whether a rebuilt body asks for an answer word by word."""
    return bool(msgspec.json.decode(content).get("stream", False))


def model_of(content: bytes) -> str:
    """Return which model a rebuilt body asks."""
    return str(msgspec.json.decode(content)["model"])
