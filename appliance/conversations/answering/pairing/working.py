"""The loop of the mode "pair": what is done so far, as a value, and the steps that change it."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, field, replace

from django.conf import settings

from appliance.conversations.answering.events import Event, Question, Stepped
from appliance.conversations.answering.found import basis_of
from appliance.conversations.answering.pairing.acting import KINDS, act, announced
from appliance.conversations.answering.pairing.ledger import Ledger
from appliance.conversations.answering.pairing.outcomes import Outcome
from appliance.conversations.answering.pairing.planning import Situation, planned
from appliance.conversations.answering.pairing.plans import Action, Plan
from appliance.conversations.answering.pairing.reach import Reach, hits_of
from appliance.conversations.answering.steps import FoundLines, Kind, Step
from appliance.conversations.answering.writing import Model
from indexer.models import Blob
from indexer.retrieval.hits import SearchResult

ASK_BACK_STEPS = 2  # after the first search: later, one answers as well as one can


@dataclass(frozen=True, slots=True)
class Work:
    """What was done for a question so far, and what came of it."""

    question: Question
    query: str  # the question as it stands alone
    legs: tuple[str, ...]  # of the first search
    steps: tuple[Step, ...] = ()
    ledger: Ledger = field(default_factory=Ledger)
    is_found: bool = False  # something that was found speaks of what is asked
    asks: Plan | None = None  # the person is asked back

    @property
    def has_ended(self) -> bool:
        return any(step.kind is Kind.PLAN for step in self.steps)  # no action followed

    @property
    def seconds(self) -> float:
        return sum(step.seconds for step in self.steps)

    def with_step(self, step: Step) -> Work:
        """Return the work with one more finished step."""
        return replace(
            self,
            steps=(*self.steps, step),
            ledger=self.ledger.with_found(step.found, step.number),
            is_found=self.is_found or self._speaks_of_it(step.found),
        )

    def _speaks_of_it(self, found: tuple[FoundLines, ...]) -> bool:
        """Return whether lines hold what the question names: whatever words the planner used."""
        result = SearchResult(hits_of(found), self.legs)
        return basis_of(self.question, self.query, result) is not None


def taken_up(work: Work, done: tuple[Step, ...]) -> Work:
    """Return the work with the steps that another worker took before it died.

    If anything of them is not stored any more, nothing of them counts.
    """
    further = [step for step in done if not step.is_running and step.number > len(work.steps)]
    found = [lines for step in further for lines in step.found]
    stored = Blob.objects.filter(pk__in={lines.blob_id for lines in found}).count()
    if stored < len({lines.blob_id for lines in found}):
        return work
    for step in further:
        work = work.with_step(step)
    return work


def stepped(
    work: Work, question: Question, model: Model, reach: Reach
) -> Generator[Event, None, Work]:
    """Take steps until the planner has enough, is stopped, or the limits are reached."""
    until = time.monotonic() + settings.PAIR_TIME_LIMIT_S - work.seconds
    while not (work.has_ended or work.asks or model.stopped()):
        left = settings.PAIR_STEPS - len(work.steps)
        if left <= 0 or time.monotonic() >= until:
            return work
        work = yield from _one_step(work, question, model, reach, until)
    return work


def _one_step(
    work: Work, question: Question, model: Model, reach: Reach, until: float
) -> Generator[Event, None, Work]:
    started = time.monotonic()
    step = Step(len(work.steps) + 1, Kind.PLAN, "Deciding what to look at next", is_running=True)
    yield Stepped(step)
    plan = planned(
        _situation(work, question),
        model,
        seconds=until - started,
        cache_salt=question.cache_salt,
    )
    if plan is None or plan.action in {Action.WRITE, Action.ASK_BACK}:
        title, detail = _ending(plan, model)
        step = replace(
            step,
            title=title,
            detail=detail,
            is_running=False,
            seconds=_since(started),
        )
        yield Stepped(step)
        return replace(
            work.with_step(step), asks=plan if plan and plan.action is Action.ASK_BACK else None
        )
    step = replace(step, kind=KINDS[plan.action], title=announced(plan), asked=plan.key)
    yield Stepped(step)
    outcome = act(plan, work.ledger, reach, work.query, max(0.1, until - time.monotonic()))
    step = finished(step, outcome, started)
    yield Stepped(step)
    return work.with_step(step)


def finished(step: Step, outcome: Outcome, started: float) -> Step:
    """Return a running step as it ended."""
    return replace(
        step,
        kind=outcome.kind,
        title=outcome.title,
        detail=outcome.detail,
        places=outcome.places,
        found=outcome.found,
        is_running=False,
        seconds=_since(started),
    )


def _situation(work: Work, question: Question) -> Situation:
    # Commits may speak of files that are hidden; what was found by them is nothing to ask about.
    told_history = any(step.kind is Kind.HISTORY for step in work.steps)
    may_ask = question.may_ask_back and not told_history and len(work.steps) <= ASK_BACK_STEPS
    return Situation(
        question=work.query,
        ledger=work.ledger,
        steps=work.steps,
        steps_left=settings.PAIR_STEPS - len(work.steps),
        may_ask_back=may_ask and bool(work.ledger.entries),
    )


def _ending(plan: Plan | None, model: Model) -> tuple[str, str]:
    """Return what the last step is called, and why it is the last."""
    if plan is not None:
        return "Asked back" if plan.action is Action.ASK_BACK else "Had enough to write", ""
    if model.stopped():
        return "Stopped", ""
    return (
        "Went on to write",
        "The model named no step that can be taken, or did not answer; what was found has to do.",
    )


def _since(started: float) -> float:
    return round(time.monotonic() - started, 2)
