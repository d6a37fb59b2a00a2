"""What the tests of the client ask, and servers that answer as they are told."""

from __future__ import annotations

import json

import httpx

from inference.client import ChatClient
from inference.protocol import ChatMessage, ChatRequest
from inference.testing import FAKE_MODEL

QUESTION = (
    ChatMessage("system", "Cite."),
    ChatMessage("user", "[E1] click src/click/core.py L1-L2\ndef main():\n\nQuestion: where?"),
)
REQUEST = ChatRequest(QUESTION, max_tokens=100)


def answering(status: int = 200, content: bytes = b"{}") -> httpx.Client:
    transport = httpx.MockTransport(lambda request: httpx.Response(status, content=content))
    return httpx.Client(base_url="http://model", transport=transport)


def streaming(*events: object) -> httpx.Client:
    lines = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return answering(content="".join(f"data: {line}\n\n" for line in lines).encode())


def chat(http: httpx.Client) -> ChatClient:
    return ChatClient(http, FAKE_MODEL)


def say(text: object, reason: object = None) -> dict[str, object]:
    return {"choices": [{"delta": {"content": text}, "finish_reason": reason}]}
