"""The mode "fix": find what was pasted, write a change, check it, and try it where that is allowed."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

from django.conf import settings

from appliance.conversations.answering.events import Answered, Event, Question, Searched
from appliance.conversations.answering.experts import experts_for
from appliance.conversations.answering.fixing.drafting import patch_blocks
from appliance.conversations.answering.fixing.locating import (
    How,
    Located,
    locate_snippet,
    locate_trace,
    merged_hits,
)
from appliance.conversations.answering.fixing.log_lines import bare
from appliance.conversations.answering.fixing.patches import places_of
from appliance.conversations.answering.fixing.proposing import (
    Proposal,
    needs_repair,
    proposed,
    repaired,
    with_patches,
)
from appliance.conversations.answering.fixing.rewriting import Rewriter
from appliance.conversations.answering.fixing.snippets import snippets_in, without_snippets
from appliance.conversations.answering.fixing.stepping import Stepping
from appliance.conversations.answering.fixing.traces import Trace, read_trace
from appliance.conversations.answering.fixing.trying import tried
from appliance.conversations.answering.found import basis_of
from appliance.conversations.answering.searching import query_of, receipt_for, search_for
from appliance.conversations.answering.steps import Kind
from appliance.conversations.answering.writing import Model, write
from appliance.conversations.checking.citations import compile_judged
from appliance.conversations.checking.judging import judge_answer
from appliance.conversations.evidence import Documents, as_evidence
from appliance.conversations.prompting.budget import Budget
from appliance.conversations.prompting.fix_prompts import place_line, style_of
from appliance.sources.asof import AsOf

HITS = 12
NEAREST = 3
CHECKED = "Checked the change"
POINTED = 4  # places named at the end of the prompt
LONGEST_PASTE = 6000  # letters of the question that the model reads; the middle is left out
NOTES = {
    How.EXACT: "",
    How.MOVED: " (the trace says line {said}: it comes from another version)",
    How.UNPROVEN: " (nothing in the trace tells whether it is this version)",
    How.SNIPPET: " (the pasted code)",
    How.SIMILAR: " (most of the pasted code)",
}


def answer_fix(
    question: Question, narrowing: AsOf, model: Model | None
) -> Generator[Event, None, Answered]:
    """Locate what was pasted, and answer with a patch that was checked."""
    steps = Stepping()
    trace = read_trace(question.text)
    yield steps.begin(Kind.LOCATE, "Look for what was pasted")
    located = _located(trace, question)
    places = dict.fromkeys((one.hit.source_id, one.hit.path) for one in located)
    yield steps.end(
        Kind.LOCATE, "Looked for what was pasted", _places_found(located), tuple(places)
    )
    query, rewritten = _query(trace, question, model)
    result = search_for(
        query,
        question.scope,
        source_names=question.source_names,
        ref=question.ref,
        limit=HITS,
    )
    found = basis_of(question, query, result, is_pasted=bool(located)) is not None
    hits = merged_hits(located, result.hits) if found else list(result.hits[:NEAREST])
    result = replace(result, hits=tuple(hits))
    receipt = receipt_for(question, query, result, rewritten=rewritten, narrowing=narrowing)
    if not found:
        receipt = replace(receipt, experts=experts_for(hits, question.scope))
    yield Searched(query, as_evidence(hits), receipt, is_near_miss=not found)
    if not found or model is None:
        end = Answered("", compile_judged(()), receipt, not_found=not found)
        return replace(end, steps=tuple(steps.done))
    asked = replace(question, text=shortened(question.text))
    style = style_of([_pointed(one) for one in located[:POINTED]])
    end = yield from write(asked, hits, receipt, _without_repair(model), style)
    return (yield from _with_proposal(end, question, model, steps))


def _with_proposal(
    end: Answered, question: Question, model: Model, steps: Stepping
) -> Generator[Event, None, Answered]:
    """Check the changes of an answer, have them written again, and try them.

    Of an answer that broke off what stands there is checked, and nothing more is asked.
    """
    if not end.text or (end.error and not patch_blocks(end.text)):
        return replace(end, steps=tuple(steps.done))
    yield steps.begin(Kind.PATCH, "Check the change")
    proposal = proposed(end.text, question, end.offered)
    if end.error:
        yield steps.end(Kind.PATCH, CHECKED, proposal.summary, _changed_places(proposal))
        return replace(_rejudged(end, proposal), steps=tuple(steps.done))
    rewriter = Rewriter(question, end.offered, end.text, _without_repair(model))
    title = CHECKED
    if needs_repair(proposal, end.text) and settings.FIX_REPAIR_TIME_LIMIT_S:
        title = "Had the change written again"
        yield steps.end(Kind.PATCH, CHECKED, proposal.summary, _changed_places(proposal))
        yield steps.begin(Kind.PATCH, "Write the change again")
        proposal = repaired(proposal, rewriter, settings.FIX_REPAIR_TIME_LIMIT_S)
    yield steps.end(Kind.PATCH, title, proposal.summary, _changed_places(proposal))
    proposal = yield from tried(proposal, rewriter, steps)
    return replace(_rejudged(end, proposal), steps=tuple(steps.done))


def _rejudged(end: Answered, proposal: Proposal) -> Answered:
    """Return the answer with the checked patches in the place of what was written."""
    text = with_patches(end.text, proposal.patches)
    offered = {piece.handle: piece for piece in end.offered}
    documents = Documents(frozenset(piece.blob_id for piece in end.offered))
    judgements = judge_answer(text, offered, documents)
    # Names of a change have a check of their own; its headings' paths are no names at all.
    prose = "".join(one.sentence.text for one in judgements if not one.sentence.is_code)
    unknown = [name for name in end.compiled.unknown if name in prose]
    compiled = compile_judged(judgements, unknown=unknown)
    receipt = replace(end.receipt, struck=compiled.struck)
    patches = tuple(patch.to_json() for patch in proposal.patches)
    return replace(end, text=text, compiled=compiled, receipt=receipt, patches=patches)


def _located(trace: Trace, question: Question) -> list[Located]:
    located = locate_trace(trace, question) if trace.frames else []
    pasted = [one for one in snippets_in(question.text) if read_trace(one.text).is_empty]
    return located + [place for one in pasted for place in locate_snippet(one, question)]


def _places_found(located: Sequence[Located]) -> str:
    """Return what locating came to, in a few words."""
    if not located:
        return "nothing of it stands in what you may read"
    shown = ", ".join(f"{one.hit.path} line {one.line}" for one in located[:POINTED])
    more = f" and {len(located) - POINTED} more" if len(located) > POINTED else ""
    is_other = any(one.how is How.MOVED for one in located)
    pasted = max(one.places for one in located)
    return (
        f"{shown}{more}"
        + ("; the trace comes from another version" if is_other else "")
        + (f"; what was pasted stands at {pasted} places" if pasted > 1 else "")
    )


def _changed_places(proposal: Proposal) -> tuple[tuple[int, str], ...]:
    return tuple(sorted(places_of(proposal.patches)))


def _pointed(one: Located) -> str:
    note = NOTES[one.how].format(said=one.said)
    inside = f" in {one.function}" if one.function else ""
    return place_line(f"{one.hit.source}/{one.hit.path}", one.line, one.code, f"{inside}{note}")


def _query(trace: Trace, question: Question, model: Model | None) -> tuple[str, bool]:
    """Return what is searched for: the error, where it was, and what is said in words.

    A follow-up that pastes nothing is understood from what was said before, as in every mode.
    """
    if trace.is_empty:
        return query_of(question, model)
    said = [line for line in without_snippets(question.text).split("\n") if _is_prose(line)]
    names = [frame.function for frame in trace.frames[:8] if frame.function]
    return "\n".join(part for part in (*said, trace.sentence, " ".join(names)) if part), False


def _is_prose(line: str) -> bool:
    return line[:1].isalpha() and bare(line) == line and read_trace(line).is_empty


def shortened(text: str) -> str:
    """Return a long paste without its middle: a trace says what matters at its ends."""
    if len(text) <= LONGEST_PASTE:
        return text
    half = LONGEST_PASTE // 2
    head, tail = text[:half].rpartition("\n")[0], text[-half:].partition("\n")[2]
    head, tail = head or text[:half], tail or text[-half:]
    return f"{head}\n(... {len(text) - len(head) - len(tail)} letters left out ...)\n{tail}"


def _without_repair(model: Model) -> Model:
    """Return the model with a free hand: a patch is checked here, and no line of it cites anything."""

    def limits(client: object) -> Budget:
        given = model.limits()
        checking = replace(given.checking, repair_s=0.0)
        return replace(given, opened_lines=False, checking=checking)

    return replace(model, budget=limits)
