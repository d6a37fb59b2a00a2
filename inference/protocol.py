"""The requests and answers that cross the border to a model server, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class ChatMessage:
    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    messages: tuple[ChatMessage, ...]
    max_tokens: int
    temperature: float = 0.0
    stop: tuple[str, ...] = ()
    cache_salt: str | None = None  # vLLM: only requests with the same salt share the prefix cache
    grammar: str | None = None  # vLLM: EBNF (`root ::= ...`) that the answer must follow
    choice: tuple[str, ...] = ()  # vLLM: the answer is one of these
    handles: tuple[str, ...] = ()  # vLLM: in free text, `[E1` goes on only as one of these
    schema: Mapping[str, object] | None = None  # vLLM: the answer is JSON of this schema


@dataclass(frozen=True, slots=True)
class ChatDelta:
    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class ChatEnd:
    finish_reason: str  # "stop", "length", or what the server calls it
    usage: Usage | None  # None: the server does not count


@dataclass(frozen=True, slots=True)
class ServedModel:
    name: str
    window_tokens: int | None  # prompt and answer together; None: the server does not say
    adapts: str = ""  # the model that this is an adapter of; empty: none
