"""The mode "answer": one search, then words."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from appliance.conversations.answering.events import Answered, Event, Question, Searched
from appliance.conversations.answering.experts import experts_for
from appliance.conversations.answering.found import basis_of
from appliance.conversations.answering.searching import query_of, receipt_for, search_for
from appliance.conversations.answering.writing import Model, write
from appliance.conversations.checking.citations import compile_judged
from appliance.conversations.evidence import as_evidence
from appliance.sources.asof import AsOf

HITS = 16
NEAREST = 3  # passages shown with "not found"


def answer_once(
    question: Question, narrowing: AsOf, model: Model | None
) -> Generator[Event, None, Answered]:
    """Search once, and answer from what was found; without a model say what that was."""
    query, rewritten = query_of(question, model)
    result = search_for(
        query,
        question.scope,
        source_names=question.source_names,
        ref=question.ref,
        limit=HITS,
    )
    receipt = receipt_for(question, query, result, rewritten=rewritten, narrowing=narrowing)
    found = basis_of(question, query, result) is not None
    if not found:
        result = replace(result, hits=result.hits[:NEAREST])
        receipt = replace(receipt, experts=experts_for(result.hits, question.scope))
    yield Searched(query, as_evidence(result.hits), receipt, is_near_miss=not found)
    if found and model:
        return (yield from write(question, result.hits, receipt, model))
    return Answered("", compile_judged(()), receipt, not_found=not found)
