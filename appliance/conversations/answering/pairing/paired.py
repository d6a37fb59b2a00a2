"""The mode "pair": several steps of searching and reading, then words, or a question back."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace

from appliance.conversations.answering.crowding import open_sources, thinned_hits
from appliance.conversations.answering.events import Answered, Event, Question, Searched, Stepped
from appliance.conversations.answering.experts import experts_for, writers_of
from appliance.conversations.answering.found import basis_of
from appliance.conversations.answering.pairing.outcomes import Outcome, of_files
from appliance.conversations.answering.pairing.reach import Reach, found_by, hits_of
from appliance.conversations.answering.pairing.working import Work, finished, stepped, taken_up
from appliance.conversations.answering.receipts import Receipt
from appliance.conversations.answering.searching import query_of, receipt_for
from appliance.conversations.answering.steps import Kind, Step
from appliance.conversations.answering.writing import Model, write
from appliance.conversations.checking.citations import compile_answer, compile_judged
from appliance.conversations.evidence import as_evidence
from appliance.conversations.prompting.pair_prompts import PAIRING
from appliance.sources.asof import AsOf
from indexer.retrieval.hits import Hit

HITS = 16
FIRST_SHARE = 0.9  # what the scores of the first search count
NEAREST = 3  # passages shown with "not found"
LONGEST_TITLE = 120


def answer_paired(
    question: Question, narrowing: AsOf, model: Model | None
) -> Generator[Event, None, Answered]:
    """Search with the question, take the steps that the model plans, and answer from all of it.

    Steps that were taken before, by a worker that died, are not taken again.
    """
    reach = Reach(question.scope, question.source_names, question.ref)
    work, receipt = yield from _begun(question, narrowing, model, reach)
    if model is not None:
        work = taken_up(work, question.done)
        for step in work.steps[1:]:
            yield Stepped(step)
        work = yield from stepped(work, question, model, reach)
    hits = hits_of(work.ledger.merged())
    receipt = replace(receipt, hits=len(hits))
    end = yield from _ended(work, question, hits, receipt, model)
    return replace(end, steps=work.steps)


def _begun(
    question: Question, narrowing: AsOf, model: Model | None, reach: Reach
) -> Generator[Event, None, tuple[Work, Receipt]]:
    """Search with the question itself: the first step, which nobody has to plan."""
    started = time.monotonic()
    query, rewritten = _query(question, model)
    title = " ".join(query.split())
    title = title if len(title) <= LONGEST_TITLE else f"{title[:LONGEST_TITLE]} …"
    step = Step(1, Kind.SEARCH, f"Searching for “{title}”", is_running=True, asked=query)
    yield Stepped(step)
    result = reach.search(query, limit=HITS)
    receipt = receipt_for(question, query, result, rewritten=rewritten, narrowing=narrowing)
    found = tuple(found_by(hit, share=FIRST_SHARE) for hit in result.hits)
    outcome = Outcome(Kind.SEARCH, f"Searched for “{title}”", of_files(found), found)
    step = finished(step, outcome, started)
    yield Stepped(step)
    is_found = basis_of(question, query, result) is not None
    yield Searched(query, as_evidence(result.hits), receipt, is_near_miss=not is_found)
    work = Work(question, query, result.legs, is_found=is_found).with_step(step)
    return work, receipt


def _query(question: Question, model: Model | None) -> tuple[str, bool]:
    """Return what to search for; a question that is taken up again keeps its query."""
    if question.done and question.done[0].asked:
        query = question.done[0].asked
        return query, query != question.text
    return query_of(question, model)


def _ended(
    work: Work,
    question: Question,
    hits: tuple[Hit, ...],
    receipt: Receipt,
    model: Model | None,
) -> Generator[Event, None, Answered]:
    open_ids = open_sources(question.scope)
    hits = thinned_hits(hits, open_ids)
    receipt = replace(receipt, writers=writers_of(hits, open_ids))
    if work.asks is not None:
        receipt = replace(receipt, asked_back=True, options=work.asks.options)
        yield Searched(work.query, as_evidence(hits), receipt)
        return Answered(work.asks.text, compile_answer(work.asks.text, {}), receipt)
    if model is not None and model.stopped():
        yield Searched(work.query, as_evidence(hits), receipt)
        return Answered("", compile_judged(()), receipt)
    if not work.is_found:
        nearest = hits[:NEAREST]
        receipt = replace(receipt, experts=experts_for(nearest, question.scope))
        yield Searched(work.query, as_evidence(nearest), receipt, is_near_miss=True)
        return Answered("", compile_judged(()), receipt, not_found=True)
    yield Searched(work.query, as_evidence(hits), receipt)
    if model is None:
        return Answered("", compile_judged(()), receipt)
    return (yield from write(question, hits, receipt, model, PAIRING))
