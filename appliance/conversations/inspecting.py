"""What the model was given for one answer, put together again letter by letter."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.conversations.answering.fixing.fix import shortened
from appliance.conversations.checking.citations import without_markers
from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.models import Message, MessageEvidence
from appliance.conversations.modes import Mode
from appliance.conversations.paths import path_to
from appliance.conversations.prompting.assembling import (
    assembled,
    block_of,
    digest_of,
    note_line,
    pinned_block,
)
from appliance.conversations.prompting.conversation import Asked, EarlierTurn, Pinned
from appliance.conversations.prompting.parts import Part, PartKind
from appliance.conversations.prompting.prompts import Style
from appliance.conversations.rendering import file_url, lines_behind
from indexer.scope import Scope
from inference.protocol import ChatMessage

LABELS = {
    PartKind.INSTRUCTIONS: "Instructions",
    PartKind.TURN: "Newest turns",
    PartKind.EVIDENCE: "Evidence",
    PartKind.NOTE: "Notes of older turns",
    PartKind.PINNED: "Pinned",
    PartKind.BEFORE: "Earlier question",
    PartKind.QUESTION: "Question",
}


ONE = {  # of them, before its number
    PartKind.TURN: "Question",
    PartKind.NOTE: "Note of question",
    PartKind.PINNED: "Pinned from question",
    PartKind.BEFORE: "Question",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """What one kind of parts takes of the window; places and widths in percent."""

    kind: str
    label: str
    tokens: int
    at: float
    width: float


@dataclass(frozen=True, slots=True)
class InspectedPart:
    """A part with its text; without one it was left out, or is gone."""

    part: Part
    text: str
    evidence: EvidenceLines | None = None

    @property
    def label(self) -> str:
        label = ONE.get(self.part.kind, LABELS[self.part.kind])
        return f"{label} {self.part.number}" if self.part.number else label

    @property
    def url(self) -> str:
        return file_url(self.evidence) if self.evidence else ""


@dataclass(frozen=True, slots=True)
class Inspection:
    given: tuple[InspectedPart, ...]
    left_out: tuple[InspectedPart, ...]
    is_exact: bool  # the texts together are what was sent, by its hash
    window_tokens: int  # what the model can read and write together; 0: unknown

    @property
    def tokens(self) -> int:
        return sum(one.part.tokens for one in self.given)

    @property
    def bars(self) -> tuple[Bar, ...]:
        """Return the kinds of parts as pieces of one bar that is as long as the window."""
        totals: dict[PartKind, int] = {}
        for one in self.given:
            totals[one.part.kind] = totals.get(one.part.kind, 0) + one.part.tokens
        whole = max(self.tokens, self.window_tokens) or 1
        bars: list[Bar] = []
        at = 0.0
        for kind, tokens in totals.items():
            width = 100 * tokens / whole
            bars.append(Bar(kind, LABELS[kind], tokens, round(at, 3), round(width, 3)))
            at += width
        return tuple(bar for bar in bars if bar.tokens)


def inspect(message: Message, scope: Scope) -> Inspection | None:
    """Return the prompt of an answer that is not sealed; None when there was none.

    Of what was left out the reader sees only what they may read.
    """
    if not message.prompt:
        return None
    texts = _Texts(message)
    parts = [Part.from_json(stored) for stored in message.prompt["parts"]]
    shown = [texts.inspected(part) for part in parts]
    return Inspection(
        tuple(one for one in shown if one.part.is_in),
        tuple(one for one in shown if not one.part.is_in and _may_see(one, scope)),
        digest_of(texts.messages(parts)) == message.prompt["digest"],
        message.receipt.get("window_tokens") or 0,
    )


def prompt_of(message: Message) -> tuple[ChatMessage, ...]:
    """Return the messages of an answer's prompt, put together again."""
    parts = [Part.from_json(stored) for stored in message.prompt["parts"]]
    return _Texts(message).messages(parts)


def _may_see(one: InspectedPart, scope: Scope) -> bool:
    if one.part.kind != PartKind.EVIDENCE:
        return True
    return one.evidence is not None and scope.allows(one.evidence.source_id, one.evidence.path)


class _Texts:
    """The stored texts that the parts of one prompt stand for."""

    def __init__(self, message: Message) -> None:
        *self.earlier, self.question, _ = path_to(message)
        # The mode "fix" leaves out the middle of a long paste.
        text = self.question.text
        self.asked = shortened(text) if message.mode == Mode.FIX else text
        self.style = Style(message.prompt["system"], message.prompt["reminder"])
        links = message.evidence_links.filter(
            role__in=[MessageEvidence.Role.IN_PROMPT, MessageEvidence.Role.LEFT_OUT]
        ).select_related("evidence__source", "evidence__blob")
        self.evidence = {link.handle: lines_behind(link) for link in links}
        self.by_id = {str(one.pk): one for one in self.earlier}

    def inspected(self, part: Part) -> InspectedPart:
        piece = self.evidence.get(part.handle)
        return InspectedPart(part, self._text(part, piece), piece)

    def _text(self, part: Part, piece: EvidenceLines | None) -> str:
        match part.kind:
            case PartKind.INSTRUCTIONS:
                return f"{self.style.system}\n\n{self.style.reminder}"
            case PartKind.EVIDENCE:
                return block_of(piece) if piece else ""
            case PartKind.NOTE:
                return note_line(self._turn(part))
            case PartKind.PINNED:
                return pinned_block(self._pin(part))
            case PartKind.QUESTION:
                return self.asked
            case PartKind.TURN:
                turn = self._turn(part)
                return f"{turn.question}\n\n{turn.answer}"
            case PartKind.BEFORE:
                return self._turn(part).question

    def messages(self, parts: list[Part]) -> tuple[ChatMessage, ...]:
        given = [part for part in parts if part.is_in]

        def of(kind: PartKind) -> list[Part]:
            return [part for part in given if part.kind == kind]

        before = [self._turn(part) for part in of(PartKind.BEFORE)]
        asked = Asked(
            self.asked,
            pinned=tuple(self._pin(part) for part in of(PartKind.PINNED)),
            before=before[0] if before else None,
        )
        pieces = [
            self.evidence[p.handle] for p in of(PartKind.EVIDENCE) if p.handle in self.evidence
        ]
        return assembled(
            asked,
            self.style,
            evidence=pieces,
            turns=[self._turn(part) for part in of(PartKind.TURN)],
            notes=[self._turn(part) for part in of(PartKind.NOTE)],
        )

    def _turn(self, part: Part) -> EarlierTurn:
        answer = self.by_id.get(part.message_id)
        if answer is None:
            return EarlierTurn("", "", number=part.number)
        asked = self.by_id.get(str(answer.parent_id))
        return EarlierTurn(
            asked.text if asked else "", without_markers(answer.text), answer.note, part.number
        )

    def _pin(self, part: Part) -> Pinned:
        pinned = self.by_id.get(part.message_id)
        if pinned is None:
            return Pinned("question", "", part.number)
        return Pinned(pinned.role, without_markers(pinned.text), part.number)
