"""How every mode begins: the query of a question, a search for it, the receipt of what was searched."""

from __future__ import annotations

from dataclasses import replace

from appliance.conversations.answering.crowding import open_sources, thinned, thinned_hits
from appliance.conversations.answering.events import Question
from appliance.conversations.answering.experts import writers_of
from appliance.conversations.answering.queuing import turn
from appliance.conversations.answering.receipts import Receipt, receipt_of
from appliance.conversations.answering.writing import Model
from appliance.conversations.curating.recall import with_curated
from appliance.conversations.prompting.rewriting import standalone_query
from appliance.sources.asof import AsOf
from indexer.retrieval.hits import SearchResult
from indexer.retrieval.search import search
from indexer.retrieval.variant import AS_USED, Variant
from indexer.scope import Scope


def query_of(question: Question, model: Model | None) -> tuple[str, bool]:
    """Return what to search for, and whether that is not simply the question."""
    return standalone_query(
        question.text,
        question.turns,
        model.client if model else None,
        model.on_stream if model else lambda stream: None,
        cache_salt=question.cache_salt,
    )


def search_for(
    query: str,
    scope: Scope,
    *,
    source_names: tuple[str, ...],
    ref: str,
    limit: int,
    variant: Variant = AS_USED,
) -> SearchResult:
    """Search as of a ref (none: each source's default), what a curator chose for it first."""
    open_ids = open_sources(scope)
    with turn():
        result = search(
            query,
            scope=scope,
            source_names=source_names,
            refs=(ref,) if ref else (),
            limit=limit,
            variant=variant,
            narrow=lambda ranked: thinned(ranked, open_ids),
        )
    result = replace(result, hits=thinned_hits(result.hits, open_ids))
    return with_curated(query, result, scope, source_names=source_names, ref=ref)


def receipt_for(
    question: Question, query: str, result: SearchResult, *, rewritten: bool, narrowing: AsOf
) -> Receipt:
    receipt = receipt_of(
        question.scope,
        question.source_names,
        query,
        result,
        rewritten=rewritten,
        narrowing=narrowing,
    )
    return replace(receipt, writers=writers_of(result.hits, open_sources(question.scope)))
