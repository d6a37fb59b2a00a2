"""Tries checked patches in the sandbox, and has them written again while the tests fail."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

from django.conf import settings

from appliance.conversations.answering.events import Event
from appliance.conversations.answering.fixing.patches import Check, State, Verdict, places_of
from appliance.conversations.answering.fixing.proposing import Proposal, proposed
from appliance.conversations.answering.fixing.rewriting import Rewriter
from appliance.conversations.answering.fixing.stepping import Stepping
from appliance.conversations.answering.fixing.verifying import Verified
from appliance.conversations.answering.sandbox.limits import command_for, limits
from appliance.conversations.answering.sandbox.trees import run_on, said
from appliance.conversations.answering.steps import Kind
from appliance.conversations.prompting.fix_prompts import RUN_REQUEST
from appliance.conversations.prompting.prompts import fenced
from appliance.conversations.trees import WHOLE, Place
from indexer.models import Source
from inference.sandbox import Ran, SandboxUnusable

TITLE = "Ran the tests in the sandbox"
LONGEST_COMMAND = 80  # letters


@dataclass(frozen=True, slots=True)
class _Trial:
    """What running one patch came to."""

    check: Check
    output: str = ""

    @property
    def failed(self) -> bool:
        return self.check.verdict in {Verdict.FAILED, Verdict.MARKED} and bool(self.output)


def tried(
    proposal: Proposal, rewriter: Rewriter, steps: Stepping
) -> Generator[Event, None, Proposal]:
    """Run each patch that holds so far, where the admin set a command; return what became of them.

    While a run fails the model may write the change again, as often as the settings say; the
    first proposal stays when no later one passes.
    """
    best: Proposal | None = None
    for attempt in range(settings.SANDBOX_ROUNDS + 1):
        if not _runnable(proposal):
            break
        yield steps.begin(Kind.RUN, "Run the tests in the sandbox")
        trials = [_trial(one, rewriter) for one in proposal.verified]
        proposal = Proposal(tuple(map(_with_trial, proposal.verified, trials)))
        detail = " ".join(one.check.reason for one in trials if one)
        yield steps.end(Kind.RUN, TITLE, detail, _places(proposal))
        best = proposal if best is None or not _failing(trials) else best
        if not _failing(trials) or attempt == settings.SANDBOX_ROUNDS or rewriter.model.stopped():
            break
        yield steps.begin(Kind.PATCH, "Write the change again")
        again = _again(trials, proposal, rewriter)
        summary = again.summary if again else "the model wrote nothing better"
        yield steps.end(Kind.PATCH, "Checked the change", summary)
        if again is None:
            break
        proposal = again
    return best or proposal


def _places(proposal: Proposal) -> list[Place]:
    """Return what the step rests on: of a run that is quoted, all that it could print."""
    quoted = {
        (patch.source_id, WHOLE)
        for patch in proposal.patches
        if any(check.output for check in patch.checks)
    }
    return sorted(places_of(proposal.patches) | quoted)


def _runnable(proposal: Proposal) -> bool:
    return not proposal.failures and any(command_for(one.source) for one in proposal.patches)


def _failing(trials: list[_Trial | None]) -> bool:
    return any(trial.failed for trial in trials if trial)


def _trial(one: Verified, rewriter: Rewriter) -> _Trial | None:
    command = command_for(one.patch.source)
    source = Source.objects.filter(pk=one.patch.source_id).first()
    if not command or source is None or one.patch.state is State.FAILED or not one.after:
        return None

    def run(changed: bool) -> Ran:
        return run_on(
            source,
            one.patch.commit,
            one.after if changed else {},
            scope=rewriter.question.scope,
            command=command,
            limits=limits(),
            is_stopped=rewriter.model.stopped,
        )

    try:
        ran = run(changed=True)
        if ran.passed:
            return _Trial(Check("runs", Verdict.PASSED, f"`{_short(command)}` passes with it."))
        before = ran if rewriter.model.stopped() else run(changed=False)
        if rewriter.model.stopped():
            return _Trial(Check("runs", Verdict.MARKED, f"`{_short(command)}` was stopped."))
        # Who reads a part of the source is told how it ended: lines of the rest may stand in it.
        is_whole = source.pk in rewriter.question.scope.whole_source_ids
        return _of_failed(ran, before, _short(command), is_quoted=is_whole)
    except SandboxUnusable as exc:
        return _Trial(Check("runs", Verdict.MARKED, f"It was not run: {str(exc).rstrip('.')}."))


def _of_failed(ran: Ran, before: Ran, command: str, *, is_quoted: bool) -> _Trial:
    """Say whether it was the patch that made the run fail."""
    how = ran.ended or f"ended with status {ran.status}"
    output = said(ran)
    if before.passed:
        verdict, reason = Verdict.FAILED, f"`{command}` passes without it; with it, it {how}."
    else:
        verdict, reason = Verdict.MARKED, f"`{command}` {how}, and fails without it too."
    return _Trial(Check("runs", verdict, reason, output if is_quoted else ""), output or how)


def _short(command: str) -> str:
    """Return a command as a sentence holds it: the admin may have written a whole script."""
    line = " ".join(command.replace("`", "'").split())
    return line if len(line) <= LONGEST_COMMAND else f"{line[:LONGEST_COMMAND]} …"


def _with_trial(one: Verified, trial: _Trial | None) -> Verified:
    return replace(one, patch=one.patch.with_check(trial.check)) if trial else one


def _again(trials: list[_Trial | None], proposal: Proposal, rewriter: Rewriter) -> Proposal | None:
    """Return another proposal whose checks hold; None when the model has none in time."""
    output = "\n".join(trial.output for trial in trials if trial and trial.failed)
    request = RUN_REQUEST.format(output=fenced(output.split("\n")))
    seconds = settings.FIX_REPAIR_TIME_LIMIT_S
    text = rewriter.again(request, proposal.paths, seconds) if seconds else None
    if text is None:
        return None
    other = proposed(text, rewriter.question, rewriter.offered)
    return other.repaired() if other.patches and not other.failures else None
