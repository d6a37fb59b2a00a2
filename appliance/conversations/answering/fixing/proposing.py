"""From an answer to checked patches: drafted, verified, and written again once when a check fails."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from appliance.conversations.answering.events import Question
from appliance.conversations.answering.fixing.drafting import drafts_of, patch_blocks
from appliance.conversations.answering.fixing.patches import Patch, State
from appliance.conversations.answering.fixing.rewriting import Rewriter
from appliance.conversations.answering.fixing.verifying import Verified, verified
from appliance.conversations.checking.sentences import sentences_of
from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.prompting.fix_prompts import (
    DIFF_REQUEST,
    REPAIR_REQUEST,
    reasons_block,
)

TICKS = re.compile(r"`{3,}")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What an answer proposes: a patch for each source that it changes."""

    verified: tuple[Verified, ...]

    @property
    def patches(self) -> tuple[Patch, ...]:
        return tuple(one.patch for one in self.verified)

    @property
    def failures(self) -> list[str]:
        return [reason for patch in self.patches for reason in patch.failures]

    @property
    def paths(self) -> list[str]:
        return [file.path for patch in self.patches for file in patch.files]

    @property
    def summary(self) -> str:
        """Return what the checks came to, in a few words."""
        if not self.patches:
            return "the answer proposes no change"
        failed = sum(patch.state is State.FAILED for patch in self.patches)
        checks = sum(len(patch.checks) for patch in self.patches)
        if failed:
            return f"{len(self.failures)} of {checks} checks failed"
        return f"{checks} checks, none failed"

    def is_better_than(self, other: Proposal) -> bool:
        if not other.patches:
            return bool(self.patches) and not self.failures
        return bool(self.patches) and len(self.failures) < len(other.failures)

    def repaired(self) -> Proposal:
        """Return the same, told as written again."""
        marked = (replace(one, patch=replace(one.patch, is_repaired=True)) for one in self.verified)
        return Proposal(tuple(marked))


def proposed(text: str, question: Question, offered: Sequence[EvidenceLines]) -> Proposal:
    """Return the patches of an answer with their checks."""
    drafts = drafts_of(text, question, offered)
    return Proposal(tuple(verified(draft, question, offered) for draft in drafts))


def needs_repair(proposal: Proposal, text: str) -> bool:
    """Return whether a check failed, or code was written and no change."""
    if proposal.patches:
        return bool(proposal.failures)
    return any(one.is_code for one in sentences_of(text))


def repaired(proposal: Proposal, rewriter: Rewriter, seconds: float) -> Proposal:
    """Return the proposal that the model wrote instead, if fewer of its checks fail.

    Code that stands in no diff cannot be checked: then it is asked for one.
    """
    if seconds <= 0 or not needs_repair(proposal, rewriter.text):
        return proposal
    reasons = reasons_block(proposal.failures)
    request = REPAIR_REQUEST.format(reasons=reasons) if reasons else DIFF_REQUEST
    again = rewriter.again(request, proposal.paths, seconds)
    if again is None:
        return proposal
    other = proposed(again, rewriter.question, rewriter.offered)
    return other.repaired() if other.is_better_than(proposal) else proposal


def with_patches(text: str, patches: Sequence[Patch]) -> str:
    """Return the answer with its blocks of changes replaced by the checked ones.

    So whoever reads the text alone (a later prompt, an export) reads what was checked.
    """
    if not patches:
        return text
    kept: list[str] = []
    at = 0
    for block in patch_blocks(text):
        kept.append(text[at : block.start])
        at = block.end
    body = "".join(patch.diff for patch in patches).replace("\r\n", "\n")
    # Longer than any in the files that are changed.
    fence = "`" * max(3, 1 + max(map(len, TICKS.findall(body)), default=0))
    checked = f"{fence}diff\n{body}{fence}\n"
    if not kept:  # it was written as code, then as a change
        return f"{text.rstrip()}\n\n{checked}"
    return "".join([kept[0], checked, *kept[1:], text[at:]])
