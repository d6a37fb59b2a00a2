"""From a written answer to a checked one: doubts, names that occur nowhere, one repair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from appliance.conversations.checking.checks import counted
from appliance.conversations.checking.citations import CompiledAnswer, compile_judged
from appliance.conversations.checking.doubts import settle
from appliance.conversations.checking.guarding import Known, unknown_names
from appliance.conversations.checking.judging import Judgement, judge_answer
from appliance.conversations.checking.repairing import written_again
from appliance.conversations.evidence import DocumentOf, EvidenceLines
from appliance.conversations.prompting.budget import Budget, Checking
from appliance.conversations.prompting.packing import PackedPrompt
from appliance.conversations.timeboxes import OnStream
from indexer.scope import Scope
from inference.client import ChatClient


@dataclass(frozen=True, slots=True)
class Checker:
    """What the checks of one answer need."""

    packed: PackedPrompt
    asked: tuple[str, ...]  # the question and those before it: what they name is known
    scope: Scope
    refs: tuple[str, ...]
    document_of: DocumentOf
    client: ChatClient
    budget: Budget
    on_stream: OnStream
    cache_salt: str | None

    def without_model(self) -> Checker:
        """Return the checks that ask the model nothing."""
        return replace(self, budget=replace(self.budget, checking=Checking()))

    @property
    def offered(self) -> Mapping[str, EvidenceLines]:
        return {piece.handle: piece for piece in self.packed.evidence}


@dataclass(frozen=True, slots=True)
class Checked:
    text: str
    compiled: CompiledAnswer
    repaired: bool = False


def checked(text: str, judgements: Sequence[Judgement], checker: Checker) -> Checked:
    """Return the answer with everything that is known of it; maybe in other words."""
    unknown = _unknown(judgements, checker)
    if unknown and checker.budget.checking.repair_s > 0:
        again = _repaired(text, judgements, unknown, checker)
        if again is not None:
            return again
    return Checked(text, compile_judged(_settled(judgements, checker), unknown=unknown))


def _repaired(
    text: str, judgements: Sequence[Judgement], unknown: Sequence[str], checker: Checker
) -> Checked | None:
    """Return the answer written again, if it is better: fewer unknown names, no worse citations."""
    new_text = written_again(
        text,
        unknown,
        checker.packed,
        checker.client,
        checker.budget,
        checker.on_stream,
        checker.cache_salt,
    )
    if new_text is None:
        return None
    new = judge_answer(new_text, checker.offered, checker.document_of)
    new_unknown = _unknown(new, checker)
    before, after = counted(judgements), counted(new)
    is_better = len(new_unknown) < len(unknown) and (
        after.unsupported <= before.unsupported and (after.supported > 0 or not before.supported)
    )
    if not is_better:
        return None
    compiled = compile_judged(_settled(new, checker), unknown=new_unknown)
    return Checked(new_text, compiled, repaired=True)


def _settled(judgements: Sequence[Judgement], checker: Checker) -> Sequence[Judgement]:
    if not checker.budget.checking.doubts:
        return judgements
    return settle(judgements, checker.client, checker.budget, checker.on_stream, checker.cache_salt)


def _unknown(judgements: Sequence[Judgement], checker: Checker) -> tuple[str, ...]:
    evidence = (
        f"{piece.source}/{piece.path} {piece.symbol}\n{piece.text}"
        for piece in checker.packed.evidence
    )
    return unknown_names(
        [one.sentence for one in judgements],
        known=Known.of([*checker.asked, *evidence]),
        scope=checker.scope,
        refs=checker.refs,
    )
