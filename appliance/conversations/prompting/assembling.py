"""The messages of a prompt from its parts: the same parts give the same letters again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.prompting import prompts
from appliance.conversations.prompting.conversation import Asked, EarlierTurn, Pinned
from appliance.conversations.prompting.prompts import Style
from inference.protocol import ChatMessage


def assembled(
    asked: Asked,
    style: Style,
    *,
    evidence: Sequence[EvidenceLines] = (),
    turns: Sequence[EarlierTurn] = (),
    notes: Sequence[EarlierTurn] = (),
) -> tuple[ChatMessage, ...]:
    """Return the prompt: what stays the same first, for the prefix cache; the question last."""
    earlier = [
        message
        for turn in turns
        for message in (
            ChatMessage("user", turn.question),
            ChatMessage("assistant", turn.answer),
        )
    ]
    last = prompts.question_block(
        [block_of(piece) for piece in evidence],
        question_of(asked),
        style.reminder,
        notes=[note_line(turn) for turn in notes],
        pinned=[pinned_block(one) for one in asked.pinned],
    )
    return (ChatMessage("system", style.system), *earlier, ChatMessage("user", last))


def question_of(asked: Asked) -> str:
    """Return the question as the prompt shows it."""
    return f"{asked.text} (Asked before: {asked.before.question})" if asked.before else asked.text


def block_of(evidence: EvidenceLines) -> str:
    """Return a piece of evidence as the prompt shows it."""
    place = f"{evidence.source}/{evidence.path} lines {evidence.span.start_line}-{evidence.span.end_line}"
    return prompts.evidence_block(
        evidence.handle, place, evidence.symbol, evidence.text.split("\n"), note=evidence.note
    )


def note_line(turn: EarlierTurn) -> str:
    return f"- (question {turn.number}) {turn.note}"


def pinned_block(pinned: Pinned) -> str:
    who = "The reader wrote" if pinned.role == "question" else "An earlier answer said"
    return f"{who} (question {pinned.number}):\n{prompts.fenced(pinned.text.split(chr(10)))}"


def digest_of(messages: Sequence[ChatMessage]) -> str:
    """Return a hash of all that a prompt says, to prove later what it said."""
    told = hashlib.sha256()
    for message in messages:
        for piece in (message.role, message.content):
            encoded = piece.encode("utf-8", "surrogatepass")
            told.update(len(encoded).to_bytes(8, "big") + encoded)
    return told.hexdigest()
