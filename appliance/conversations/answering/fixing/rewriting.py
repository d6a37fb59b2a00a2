"""Has the model write a change again, in a time box, when a check says that it does not hold."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.conversations.answering.events import Question
from appliance.conversations.answering.writing import Model
from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.prompting.fix_prompts import SYSTEM
from appliance.conversations.prompting.prompts import evidence_block, question_block
from appliance.conversations.timeboxes import written_within
from appliance.conversations.visible import visible
from inference.errors import InferenceError
from inference.protocol import ChatMessage, ChatRequest

logger = logging.getLogger(__name__)

LEAST_ANSWER_TOKENS = 120


@dataclass(frozen=True, slots=True)
class Rewriter:
    """What a change is written again from: the question, the evidence, and the first answer."""

    question: Question
    offered: Sequence[EvidenceLines]
    text: str
    model: Model

    def again(self, request: str, paths: Sequence[str], seconds: float) -> str | None:
        """Return another answer; None when it does not fit, fails, or takes longer than it may.

        Evidence of the files that are changed goes in first; what does not fit is left out.
        """
        try:
            return self._again(request, paths, seconds)
        except InferenceError as exc:
            logger.warning("a change was not written again: %s", exc)
            return None

    def _again(self, request: str, paths: Sequence[str], seconds: float) -> str | None:
        client, limits = self.model.client, self.model.limits()
        pieces = sorted(self.offered, key=lambda piece: piece.path not in paths)
        wanted = max(LEAST_ANSWER_TOKENS, min(limits.answer_tokens, limits.window_tokens // 4))
        while True:
            messages = self._messages(pieces, request)
            tokens = client.count_tokens(list(messages))
            if tokens + wanted <= limits.window_tokens:
                break
            if not pieces:
                return None
            pieces = pieces[:-1]
        chat = ChatRequest(
            messages=messages, max_tokens=wanted, cache_salt=self.question.cache_salt
        )
        said = written_within(seconds, client.stream(chat), self.model.on_stream)
        return visible(said) if said and said.strip() else None

    def _messages(self, pieces: Sequence[EvidenceLines], request: str) -> tuple[ChatMessage, ...]:
        blocks = [
            evidence_block(
                piece.handle,
                f"{piece.source}/{piece.path} lines {piece.span.start_line}-{piece.span.end_line}",
                piece.symbol,
                piece.text.split("\n"),
            )
            for piece in pieces
        ]
        return (
            ChatMessage("system", SYSTEM),
            ChatMessage("user", question_block(blocks, self.question.text, "")),
            ChatMessage("assistant", self.text),
            ChatMessage("user", request),
        )
