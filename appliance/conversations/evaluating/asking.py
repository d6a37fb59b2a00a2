"""Asks golden questions of the whole flow that people use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from appliance.conversations.answering.events import Answered, Prompted, Question, Searched
from appliance.conversations.answering.flow import answer
from appliance.conversations.checking.citations import without_markers
from appliance.conversations.checking.judging import Judgement
from appliance.conversations.evaluating.questions import AnswerQuestion
from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.modes import Mode
from appliance.conversations.prompting.salts import cache_salt
from appliance.conversations.recording import budget_of
from appliance.conversations.waiting import chat_behind_people
from indexer.scope import Scope


@dataclass(frozen=True, slots=True)
class Given:
    """What the flow gave for one question."""

    question: AnswerQuestion
    text: str  # without handles
    found: tuple[EvidenceLines, ...]
    context: tuple[EvidenceLines, ...]  # what stood in the prompt; without a model, what was found
    cited: tuple[EvidenceLines, ...]
    judgements: tuple[Judgement, ...]
    not_found: bool
    error: str
    seconds: float
    steps: int = 0  # of a mode that takes several

    def hits_json(self) -> list[dict[str, object]]:
        """Return what was found in the form that scripts rely on."""
        return [_place_json(piece) for piece in self.found]

    def cited_json(self) -> list[dict[str, object]]:
        return [_place_json(piece) for piece in self.cited]


def ask(
    question: AnswerQuestion,
    *,
    scope: Scope,
    source_names: Sequence[str] = (),
    mode: Mode = Mode.ANSWER,
) -> Given:
    """Return the answer to one question; a model that does not answer is an error in it."""
    found: tuple[EvidenceLines, ...] = ()
    context: tuple[EvidenceLines, ...] | None = None
    end: Answered | None = None
    asked = Question(
        question.golden.query,
        scope,
        source_names=tuple(source_names),
        ref=question.ref,
        mode=mode,
        may_ask_back=False,  # nobody is there to say what was meant
        cache_salt=cache_salt(scope, key=settings.SECRET_KEY),
    )
    for event in answer(asked, client=chat_behind_people, budget=budget_of):
        match event:
            case Searched():
                found = event.evidence
            case Prompted():
                context = event.evidence
            case Answered():
                end = event
    if end is None:
        raise RuntimeError("the answer did not end")
    return Given(
        question=question,
        text=without_markers(end.text),
        found=found,
        context=found if context is None else context,
        cited=tuple(end.compiled.cited),
        judgements=tuple(end.compiled.judgements),
        not_found=end.not_found,
        error=end.error,
        seconds=end.seconds,
        steps=len(end.steps),
    )


def _place_json(piece: EvidenceLines) -> dict[str, object]:
    return {
        "source": piece.source,
        "path": piece.path,
        "commit": piece.commit,
        "start_line": piece.span.start_line,
        "end_line": piece.span.end_line,
        "symbol": piece.symbol,
        "score": round(piece.score, 6),
        "legs": list(piece.legs),
    }
