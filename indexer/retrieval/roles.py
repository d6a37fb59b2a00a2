"""How much tests, prose and configuration count, by what is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping

from indexer.reading.roles import DocumentRole

# Tests and prose repeat the words of the code that they are about, and whoever describes a change
# means the code. Whoever asks a question is often answered by prose or by a workflow file.
DESCRIBED: Mapping[DocumentRole, float] = dict.fromkeys(DocumentRole, 0.4) | {
    DocumentRole.SOURCE: 1.0
}
ASKED: Mapping[DocumentRole, float] = {
    **DESCRIBED,
    DocumentRole.DOCS: 0.7,
    DocumentRole.CONFIG: 0.8,
    DocumentRole.TEST: 0.5,
    DocumentRole.EXAMPLE: 0.5,
}
# What a question names outright.
NAMED: Mapping[DocumentRole, re.Pattern[str]] = {
    DocumentRole.TEST: re.compile(r"\b(?:tests?|tested)\b", re.IGNORECASE),
    DocumentRole.DOCS: re.compile(r"\b(?:documented|documentation|docs|readme)\b", re.IGNORECASE),
    DocumentRole.CHANGELOG: re.compile(r"\b(?:changelog|release notes)\b", re.IGNORECASE),
    DocumentRole.EXAMPLE: re.compile(r"\bexamples?\b", re.IGNORECASE),
}
NAMED_WEIGHT = 0.9
QUESTION = re.compile(
    r"\s*(?:how|where|why|what|which|who|when|does|do|is|are|can|could|should)\b|.*\?\s*$",
    re.IGNORECASE | re.DOTALL,
)


def role_weights(query: str) -> Mapping[DocumentRole, float]:
    """Return by what the score of a document of each role is multiplied; source code's is 1."""
    if not is_question(query):
        return DESCRIBED
    named = {role: NAMED_WEIGHT for role, words in NAMED.items() if words.search(query)}
    return {**ASKED, **named}


def is_question(query: str) -> bool:
    """Return whether somebody asks, rather than describes a change or types a few words."""
    return QUESTION.match(query) is not None
