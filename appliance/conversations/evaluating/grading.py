"""What one answer is worth: its context, its facts, its citations, and "not found" said rightly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from appliance.conversations.checking.checks import Counts, counted
from appliance.conversations.evaluating.asking import Given
from appliance.conversations.evaluating.questions import AnswerQuestion
from appliance.conversations.evidence import EvidenceLines
from indexer.evaluation.golden import GoldenQuestion


@dataclass(frozen=True, slots=True)
class Grade:
    """How one question was answered; None: this question cannot tell."""

    question: AnswerQuestion
    is_context_good: bool | None  # a gold place stood in the prompt
    is_answer_good: bool | None
    facts_found: int
    counts: Counts
    not_found: bool
    cites_gold: bool | None
    judged: bool | None  # by a judge model
    has_failed: bool  # the model did not answer

    @property
    def is_not_found_right(self) -> bool:
        return self.not_found != self.question.is_answerable

    def to_json(self) -> dict[str, object]:
        return {
            "context_good": self.is_context_good,
            "answer_good": self.is_answer_good,
            "facts": len(self.question.facts),
            "facts_found": self.facts_found,
            "citations_made": self.counts.made,
            "citations_struck": self.counts.struck,
            "sentences_checked": self.counts.checked,
            "sentences_supported": self.counts.supported,
            "not_found": self.not_found,
            "cites_gold": self.cites_gold,
            "judged": self.judged,
            "failed": self.has_failed,
        }


def grade(given: Given, judged: bool | None = None) -> Grade:
    """Grade one answer.

    It is good when it contains all facts; of a question without facts when the judge says so, and
    without a judge when it cites a gold place. Saying "not found" is good where nothing answers.
    """
    question = given.question
    found = sum(_holds(given.text, choices) for choices in question.facts)
    cites_gold = _reaches(given.cited, question.golden) if question.golden.gold else None
    return Grade(
        question=question,
        is_context_good=_reaches(given.context, question.golden) if question.golden.gold else None,
        is_answer_good=_is_good(given, found, cites_gold, judged),
        facts_found=found,
        counts=counted(given.judgements),
        not_found=given.not_found,
        cites_gold=cites_gold,
        judged=judged,
        has_failed=bool(given.error) and not given.text,
    )


def _is_good(given: Given, found: int, cites_gold: bool | None, judged: bool | None) -> bool | None:
    question = given.question
    if not question.is_answerable:
        return given.not_found
    if given.not_found:
        return False
    if question.facts:
        return found == len(question.facts)
    return cites_gold if judged is None else judged


def _holds(text: str, choices: Iterable[str]) -> bool:
    """Return whether one of the texts stands in the answer, whatever its case and spaces."""
    flat = _flat(text)
    return any(_flat(choice) in flat for choice in choices)


def _flat(text: str) -> str:
    return " ".join(text.replace("`", "").lower().split())


def _reaches(pieces: Iterable[EvidenceLines], golden: GoldenQuestion) -> bool:
    """Return whether lines of a gold place are among the pieces."""
    return any(
        piece.path == gold.path
        and golden.source in {None, piece.source}
        and (gold.span is None or piece.span.overlaps(gold.span))
        for piece in pieces
        for gold in golden.gold
    )
