"""Fits evidence, earlier turns and the question into the model's window, by real token counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.prompting import prompts
from appliance.conversations.prompting.prompts import Style
from indexer.retrieval.hits import Hit
from indexer.spans import Span
from inference.client import ChatClient
from inference.protocol import ChatMessage

# A function of this many tokens tells its story; a longer chunk is cut to what fits.
SMALLEST_CUT_TOKENS = 120
SMALLEST_CUT_LINES = 3
MAX_EVIDENCE = 12
HISTORY_SHARE = 0.25  # of the prompt's budget, for the earlier turns
# A place with what stands around it may take so much of the room; else what was found alone.
SURROUNDED_SHARE = 0.125


@dataclass(frozen=True, slots=True)
class EarlierTurn:
    """An earlier question and its answer."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Checking:
    """What the model is asked about its own answer once that is written; 0: nothing."""

    doubts: int = 0  # doubtful sentences that it decides over
    repair_s: float = 0.0  # for writing an answer again without names that occur nowhere


@dataclass(frozen=True, slots=True)
class Budget:
    """What one request to the served model may take, and how its answer is held."""

    window_tokens: int  # prompt and answer together, as the server is started
    prompt_tokens: int  # what a prompt may take of it
    answer_tokens: int
    opened_lines: bool = False  # a grammar makes each line begin with a piece of evidence
    fenced_handles: bool = False  # handles that were not offered cannot be generated
    checking: Checking = Checking()

    @property
    def available(self) -> int:
        return min(self.prompt_tokens, self.window_tokens - self.answer_tokens)


@dataclass(frozen=True, slots=True)
class PackedPrompt:
    messages: tuple[ChatMessage, ...]
    evidence: tuple[EvidenceLines, ...]
    tokens: int


class QuestionTooLong(Exception):
    """The question alone does not fit the model's window."""


def pack(
    question: str,
    hits: Sequence[Hit],
    turns: Sequence[EarlierTurn],
    *,
    client: ChatClient,
    budget: Budget,
    style: Style = prompts.ANSWERING,
) -> PackedPrompt:
    """Return a prompt that fits: the question always, then evidence, then the newest turns.

    Raises QuestionTooLong. Every piece is counted by the server that will read it.
    """
    bare = client.count_tokens(_messages(question, [], [], style))
    room = budget.available - bare
    if room < SMALLEST_CUT_TOKENS:
        raise QuestionTooLong(
            f"The question takes {bare} tokens of the {budget.available} that the model can read. "
            "Shorten it, or paste only the lines that matter."
        )
    kept_turns, used = _fit_turns(turns, int(room * HISTORY_SHARE), client)
    evidence = _fit_evidence(hits, room - used, client)
    while True:
        messages = _messages(question, evidence, kept_turns, style)
        tokens = client.count_tokens(messages)
        if tokens <= budget.available:
            return PackedPrompt(tuple(messages), tuple(evidence), tokens)
        # Pieces counted alone may join into more tokens than their sum.
        if len(evidence) > 1 or not kept_turns:
            evidence.pop()
        else:
            kept_turns.pop(0)


def _messages(
    question: str,
    evidence: Sequence[EvidenceLines],
    turns: Sequence[EarlierTurn],
    style: Style,
) -> list[ChatMessage]:
    blocks = [_block(piece) for piece in evidence]
    earlier = [
        message
        for turn in turns
        for message in (
            ChatMessage("user", turn.question),
            ChatMessage("assistant", turn.answer),
        )
    ]
    return [
        ChatMessage("system", style.system),
        *earlier,
        ChatMessage("user", prompts.question_block(blocks, question, style.reminder)),
    ]


def _block(evidence: EvidenceLines) -> str:
    place = f"{evidence.source}/{evidence.path} lines {evidence.span.start_line}-{evidence.span.end_line}"
    return prompts.evidence_block(
        evidence.handle, place, evidence.symbol, evidence.text.split("\n"), note=evidence.note
    )


def _fit_turns(
    turns: Sequence[EarlierTurn], room: int, client: ChatClient
) -> tuple[list[EarlierTurn], int]:
    """Keep the newest turns that fit, in order."""
    kept: list[EarlierTurn] = []
    used = 0
    for turn in reversed(turns):
        tokens = client.count_text_tokens(f"{turn.question}\n{turn.answer}") + 16
        if used + tokens > room:
            break
        kept.insert(0, turn)
        used += tokens
    return kept, used


def _fit_evidence(hits: Sequence[Hit], room: int, client: ChatClient) -> list[EvidenceLines]:
    evidence: list[EvidenceLines] = []
    surrounded = room * SURROUNDED_SHARE
    for hit in hits:
        if len(evidence) == MAX_EVIDENCE or room < SMALLEST_CUT_TOKENS:
            break
        piece = EvidenceLines.from_hit(f"E{len(evidence) + 1}", hit)
        tokens = client.count_text_tokens(_block(piece)) + 2
        if tokens > surrounded and hit.core and hit.core != hit.span:
            piece = piece.narrowed_to(hit.core)
            tokens = client.count_text_tokens(_block(piece)) + 2
        if tokens > room:
            # Skip instead of stop would hide the best hit behind worse ones: cut it.
            cut = _cut(piece, room, tokens, client)
            if cut is None:
                continue
            piece, tokens = cut
        evidence.append(piece)
        room -= tokens
    return evidence


def _cut(
    evidence: EvidenceLines, room: int, tokens: int, client: ChatClient
) -> tuple[EvidenceLines, int] | None:
    """Return the first lines of a chunk that fit, or None when too little would be left."""
    start = evidence.span.start_line
    lines = evidence.span.end_line - start + 1
    kept = int(lines * room / tokens * 0.9)
    while kept >= SMALLEST_CUT_LINES:
        piece = evidence.narrowed_to(Span(start, start + kept - 1))
        tokens = client.count_text_tokens(_block(piece)) + 2
        if tokens <= room:
            return piece, tokens
        kept //= 2  # the first lines are the long ones
    return None
