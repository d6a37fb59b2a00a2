"""Threads with answers, written by the flow itself or put down by hand."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from appliance.accounts.models import User
from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.models import Evidence, Message, MessageEvidence, Thread
from appliance.conversations.paths import latest_answer
from indexer.models import Document, Ref, Source
from indexer.spans import Span

MessageFactory = Callable[..., Message]

CART = '''"""Shopping carts."""


def add_item(cart, item):
    """Add an item to the cart, at most ninety-nine of each."""
    if cart.count(item) >= 99:
        raise CartFull(item)
    cart.append(item)
    return cart


class CartFull(Exception):
    """The cart holds ninety-nine of this item already."""
'''
FILES = {"shop/cart.py": CART, "README.md": "# Shop\n\nSells things; carts hold items.\n"}


@pytest.fixture
def message_factory(db: None) -> MessageFactory:
    """Write an answer down by hand: `message_factory(owner, "Adds [E1].", [piece], cited=[piece])`."""

    def make(
        owner: User,
        text: str,
        given: list[EvidenceLines] | None = None,
        *,
        cited: list[EvidenceLines] | None = None,
        state: str = Message.State.DONE,
        question: str = "How are items added?",
        thread: Thread | None = None,
        **fields: Any,
    ) -> Message:
        thread = thread or Thread.objects.create(owner=owner, title=question)
        asked = Message.objects.create(
            thread=thread, role="question", text=question, parent=latest_answer(thread)
        )
        message = Message.objects.create(
            thread=thread,
            parent=asked,
            role="answer",
            text=text,
            state=state,
            receipt={"given": len(given or [])},
            **fields,
        )
        link(message, given or [], MessageEvidence.Role.IN_PROMPT)
        link(message, cited if cited is not None else given or [], MessageEvidence.Role.CITED)
        return message

    return make


def link(message: Message, pieces: list[EvidenceLines], role: MessageEvidence.Role) -> None:
    for piece in pieces:
        evidence, _ = Evidence.objects.get_or_create(
            source_id=piece.source_id,
            commit=piece.commit,
            path=piece.path,
            blob_id=piece.blob_id,
            start_line=piece.span.start_line,
            end_line=piece.span.end_line,
            defaults={"line_hash": piece.line_hash, "symbol": piece.symbol},
        )
        MessageEvidence.objects.create(
            message=message, evidence=evidence, handle=piece.handle, role=role
        )


def lines_of(source: Source, path: str, first: int, last: int, handle: str = "E1") -> EvidenceLines:
    """Return live lines of a source as evidence."""
    blob = Document.objects.get(source=source, path=path).blob
    span = Span(first, last)
    return EvidenceLines(
        handle=handle,
        source_id=source.pk,
        source=source.name,
        commit=Ref.objects.get(source=source, is_default=True).commit,
        path=path,
        blob_id=blob.pk,
        span=span,
        symbol="",
        text="\n".join(span.lines_of(blob.text)),
    )


@pytest.fixture
def closed_connections() -> Iterator[None]:
    """Leave no connection of this test's threads behind."""
    yield
    connection.close()


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
