"""All answers of a file together: the two-by-two and the shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from appliance.conversations.evaluating.grading import Grade

SHOWN = 8  # ids of one kind
WHY_NOT = "nothing answers them, or no place is named for them."
# What one does about the three boxes that are not all well.
MEANS: Mapping[tuple[bool, bool], str] = {
    (True, False): "Read and answered badly (the model, or the prompt)",
    (False, False): "Not read (the search)",
    (False, True): "Answered from elsewhere (look at the golden places)",
}


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts; a share of nothing is None."""

    questions: int
    failed: int
    # (context good, answer good) -> ids of questions, of those that can tell both.
    boxes: dict[tuple[bool, bool], tuple[str, ...]]
    facts: int
    facts_found: int
    made: int
    struck: int
    checked: int
    supported: int
    answerable: int
    not_found_wrong: int  # said of an answerable question
    unanswerable: int
    not_found_right: int
    judged: int
    judged_good: int
    judge_agrees: int  # with the facts, where a question has both
    judge_compared: int

    @classmethod
    def over(cls, grades: Sequence[Grade]) -> Summary:
        both = [one for one in grades if one.judged is not None and one.question.facts]
        answerable = [one for one in grades if one.question.is_answerable]
        others = [one for one in grades if not one.question.is_answerable]
        return cls(
            questions=len(grades),
            failed=sum(one.has_failed for one in grades),
            boxes=_boxes(answerable),
            facts=sum(len(one.question.facts) for one in grades),
            facts_found=sum(one.facts_found for one in grades),
            made=sum(one.counts.made for one in grades),
            struck=sum(one.counts.struck for one in grades),
            checked=sum(one.counts.checked for one in grades),
            supported=sum(one.counts.supported for one in grades),
            answerable=len(answerable),
            not_found_wrong=sum(one.not_found for one in answerable),
            unanswerable=len(others),
            not_found_right=sum(one.not_found for one in others),
            judged=sum(one.judged is not None for one in grades),
            judged_good=sum(one.judged is True for one in grades),
            judge_agrees=sum(one.judged == one.is_answer_good for one in both),
            judge_compared=len(both),
        )

    @property
    def two_by_two(self) -> dict[tuple[bool, bool], int]:
        return {box: len(ids) for box, ids in self.boxes.items()}

    def to_json(self) -> dict[str, object]:
        boxes = {
            f"context_{_word(context)}_answer_{_word(answer)}": count
            for (context, answer), count in self.two_by_two.items()
        }
        return {
            "questions": self.questions,
            "failed": self.failed,
            **boxes,
            "facts": self.facts,
            "facts_found": self.facts_found,
            "citations_made": self.made,
            "citations_struck": self.struck,
            "sentences_checked": self.checked,
            "sentences_supported": self.supported,
            "answerable": self.answerable,
            "not_found_wrong": self.not_found_wrong,
            "unanswerable": self.unanswerable,
            "not_found_right": self.not_found_right,
            "judged": self.judged,
            "judged_good": self.judged_good,
            "judge_compared": self.judge_compared,
            "judge_agrees": self.judge_agrees,
        }

    def lines(self) -> Iterator[str]:
        """Yield the table as people read it."""
        yield f"{'':<14}{'answer good':>12}{'answer bad':>12}"
        for context in (True, False):
            good, bad = (self.two_by_two[context, answer] for answer in (True, False))
            yield f"{f'context {_word(context)}':<14}{good:>12}{bad:>12}"
        told = sum(self.two_by_two.values())
        if told < self.questions:
            yield f"{self.questions - told} of {self.questions} questions tell not both: {WHY_NOT}"
        for box, means in MEANS.items():
            if ids := self.boxes[box]:
                more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
                yield f"{means}: {', '.join(ids[:SHOWN])}{more}"
        yield from _share("facts contained", self.facts_found, self.facts)
        yield from _share("cited sentences supported", self.supported, self.checked)
        yield from _share("citations struck", self.struck, self.made)
        yield from _share("not found, rightly", self.not_found_right, self.unanswerable)
        yield from _share("not found, wrongly", self.not_found_wrong, self.answerable)
        yield from _share("good, says the judge", self.judged_good, self.judged)
        yield from _share("judge and facts agree", self.judge_agrees, self.judge_compared)
        if self.failed:
            yield f"{'without an answer':<27}{self.failed} of {self.questions}"


def _boxes(grades: Sequence[Grade]) -> dict[tuple[bool, bool], tuple[str, ...]]:
    return {
        (context, answer): tuple(
            one.question.golden.id
            for one in grades
            if one.is_context_good is context and one.is_answer_good is answer
        )
        for context in (True, False)
        for answer in (True, False)
    }


def _share(name: str, part: int, whole: int) -> Iterator[str]:
    if whole:
        yield f"{name:<27}{part / whole:.3f}  ({part} of {whole})"


def _word(good: bool) -> str:
    return "good" if good else "bad"
