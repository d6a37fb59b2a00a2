"""Tries a checked patch in the sandbox, and has it written again while that fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from appliance.conversations.answering.fixing.proposing import Proposal
from appliance.conversations.answering.fixing.rewriting import Rewriter
from appliance.conversations.answering.steps import Kind


@dataclass(frozen=True, slots=True)
class Outcome:
    proposal: Proposal
    detail: str


def tried(proposal: Proposal, rewriter: Rewriter) -> Iterator[tuple[Kind, str, Outcome]]:
    yield from ()
