"""Fits a question, what was said before it, and evidence into the model's window, by real counts.

What yields first when room is short: lines around evidence, the weakest evidence, notes of earlier
turns, the oldest turns, the last piece of evidence. Instructions, pinned messages and the question
never yield: without room for them there is no prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.conversations.evidence import DocumentOf, EvidenceLines
from appliance.conversations.prompting import prompts
from appliance.conversations.prompting.assembling import (
    assembled,
    digest_of,
    note_line,
    pinned_block,
    question_of,
)
from appliance.conversations.prompting.budget import Budget
from appliance.conversations.prompting.conversation import Asked, EarlierTurn
from appliance.conversations.prompting.fitting import (
    SMALLEST_CUT_TOKENS,
    Fitted,
    Fitting,
)
from appliance.conversations.prompting.parts import Part, PartKind
from appliance.conversations.prompting.prompts import Style
from appliance.conversations.prompting.recalling import Costed, newest_turns, notes_of
from indexer.retrieval.hits import Hit
from inference.client import ChatClient
from inference.protocol import ChatMessage

TURNS_SHARE = 0.25  # of the room, for earlier turns word for word
NOTES_SHARE = 0.1  # and for the notes of those before them


@dataclass(frozen=True, slots=True)
class PackedPrompt:
    messages: tuple[ChatMessage, ...]
    evidence: tuple[EvidenceLines, ...]
    tokens: int
    parts: tuple[Part, ...]
    style: Style
    left_out: tuple[EvidenceLines, ...] = ()  # under handles of their own: X1, X2 ...

    def to_json(self) -> dict[str, object]:
        """Return what is kept of the prompt: its fixed text, its parts, and a hash of its letters."""
        return {
            "system": self.style.system,
            "reminder": self.style.reminder,
            "parts": [part.to_json() for part in self.parts],
            "digest": digest_of(self.messages),
        }


class QuestionTooLong(Exception):
    """What must be in the prompt does not fit the model's window."""


def pack(
    asked: Asked,
    hits: Sequence[Hit],
    *,
    client: ChatClient,
    budget: Budget,
    style: Style = prompts.ANSWERING,
    document_of: DocumentOf = lambda piece: None,
) -> PackedPrompt:
    """Return a prompt that fits. Raises QuestionTooLong.

    Every piece is counted by the server that will read it.
    """
    packing = _Packing(asked, client, budget, style)
    packing.recall()
    packing.fit(hits, document_of)
    return packing.packed()


class _Packing:
    """One prompt while it is packed."""

    def __init__(self, asked: Asked, client: ChatClient, budget: Budget, style: Style) -> None:
        self.asked, self.client, self.budget, self.style = asked, client, budget, style
        self.count = client.count_text_tokens
        self.bare = client.count_tokens(assembled(asked, style))
        self.room = budget.available - self.bare
        if self.room < SMALLEST_CUT_TOKENS:
            raise QuestionTooLong(self._complaint())
        self.turns: Costed = []
        self.notes: Costed = []
        self.fitting = Fitting(0, self.count, client.count_ahead)

    def _complaint(self) -> str:
        pinned = sum(self.count(pinned_block(one)) for one in self.asked.pinned)
        if self.room + pinned >= SMALLEST_CUT_TOKENS:
            return (
                f"The pinned messages take {pinned} tokens of the {self.budget.available} that the "
                "model can read, and leave no room for evidence. Unpin one of them."
            )
        return (
            f"The question takes {self.bare - pinned} tokens of the {self.budget.available} that the "
            "model can read. Shorten it, or paste only the lines that matter."
        )

    def recall(self) -> None:
        pinned = {one.message_id for one in self.asked.pinned if one.message_id}
        turns = [turn for turn in self.asked.turns if turn.message_id not in pinned]
        self.turns = newest_turns(turns, int(self.room * TURNS_SHARE), self.count)
        older = turns[: len(turns) - len(self.turns)]
        notes = [note_line(turn) for turn in older if turn.note]
        said = [*map(pinned_block, self.asked.pinned), question_of(self.asked)]
        self.client.count_ahead([*said, *notes])
        room = int(self.room * NOTES_SHARE)
        self.notes = notes_of(self.asked.text, older, room, self.count)

    def fit(self, hits: Sequence[Hit], document_of: DocumentOf) -> None:
        said = sum(tokens for _, tokens in (*self.turns, *self.notes))
        self.fitting = Fitting(self.room - said, self.count, self.client.count_ahead)
        self.fitting.take(hits)
        self.fitting.grow(document_of)

    def packed(self) -> PackedPrompt:
        while True:
            messages = self._messages()
            tokens = self.client.count_tokens(messages)
            if tokens <= self.budget.available:
                evidence = tuple(fitted.piece for fitted in self.fitting.fitted)
                left_out = tuple(fitted.piece for fitted in self.fitting.left_out)
                parts = self._parts(tokens)
                return PackedPrompt(messages, evidence, tokens, parts, self.style, left_out)
            # Pieces counted alone may join into more tokens than their sum.
            self._yield_one()

    def _yield_one(self) -> None:
        if len(self.fitting.fitted) > 1:
            self.fitting.drop_last()
        elif self.notes:
            self.notes.pop(0)
        elif self.turns:
            self.turns.pop(0)
        else:
            self.fitting.drop_last()

    def _messages(self) -> tuple[ChatMessage, ...]:
        return assembled(
            self.asked,
            self.style,
            evidence=[fitted.piece for fitted in self.fitting.fitted],
            turns=[turn for turn, _ in self.turns],
            notes=[turn for turn, _ in self.notes],
        )

    def _parts(self, tokens: int) -> tuple[Part, ...]:
        question = self.count(question_of(self.asked))
        parts = [
            *(_turn(turn, cost) for turn, cost in self.turns),
            *(_evidence(fitted) for fitted in self.fitting.fitted),
            *(_note(turn, cost) for turn, cost in self.notes),
            *self._pinned(),
            *self._before(),
            Part(PartKind.QUESTION, question, "The question itself."),
        ]
        fixed = max(0, tokens - sum(part.tokens for part in parts))
        why = "The rules of answering, and what stands between the pieces."
        return (
            Part(PartKind.INSTRUCTIONS, fixed, why),
            *parts,
            *self._left_out(),
        )

    def _pinned(self) -> list[Part]:
        return [
            Part(
                PartKind.PINNED,
                self.count(pinned_block(one)),
                "You pinned it: it is in every prompt of this branch.",
                number=one.number,
                message_id=one.message_id,
            )
            for one in self.asked.pinned
        ]

    def _before(self) -> list[Part]:
        if self.asked.before is None:
            return []
        why = "The earlier question alone: a small model copies an earlier answer that it sees."
        turn = self.asked.before
        return [Part(PartKind.BEFORE, 0, why, number=turn.number, message_id=turn.message_id)]

    def _left_out(self) -> list[Part]:
        pinned = {one.message_id for one in self.asked.pinned}
        recalled = {id(turn) for turn, _ in (*self.turns, *self.notes)}
        return [
            *(_evidence(fitted, is_in=False) for fitted in self.fitting.left_out),
            *(
                Part(
                    PartKind.TURN,
                    0,
                    "No room was left: newer turns came first.",
                    is_in=False,
                    number=turn.number,
                    message_id=turn.message_id,
                )
                for turn in self.asked.turns
                if id(turn) not in recalled and turn.message_id not in pinned
            ),
        ]


def _turn(turn: EarlierTurn, tokens: int) -> Part:
    why = "One of the newest turns, word for word."
    return Part(PartKind.TURN, tokens, why, number=turn.number, message_id=turn.message_id)


def _note(turn: EarlierTurn, tokens: int) -> Part:
    why = "An older turn, as the note of what it came to."
    return Part(PartKind.NOTE, tokens, why, number=turn.number, message_id=turn.message_id)


def _evidence(fitted: Fitted, *, is_in: bool = True) -> Part:
    handle = fitted.piece.handle
    return Part(PartKind.EVIDENCE, fitted.tokens, fitted.why, is_in=is_in, handle=handle)
