"""Evidence and hits as values, for the tests that need no database."""

from __future__ import annotations

from appliance.conversations.evidence import EvidenceLines
from indexer.retrieval.hits import Hit
from indexer.spans import Span


def piece(
    handle: str = "E1", first: int = 10, last: int = 30, *, path: str = "shop/cart.py"
) -> EvidenceLines:
    return EvidenceLines(
        handle=handle,
        source_id=1,
        source="shop",
        commit="c" * 40,
        path=path,
        blob_id=1,
        span=Span(first, last),
        symbol="add",
        text="\n".join(f"line {number}" for number in range(first, last + 1)),
    )


def hit(text: str, *, path: str = "shop/cart.py", first: int = 1) -> Hit:
    lines = text.count("\n") + 1
    return Hit(
        source_id=1,
        source="shop",
        path=path,
        commit="c" * 40,
        blob_id=1,
        span=Span(first, first + lines - 1),
        symbol="add",
        kind="function",
        language="python",
        score=0.5,
        legs=("lexical",),
        text=text,
    )
