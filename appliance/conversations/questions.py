"""The question that an answer is for, with what was said before it on its branch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from appliance.conversations.access import (
    is_sealed_for_owner,
    scope_of_answer,
    sealed_for_owner,
)
from appliance.conversations.answering.events import Question
from appliance.conversations.answering.steps import Step
from appliance.conversations.checking.citations import without_markers
from appliance.conversations.models import Message
from appliance.conversations.modes import Mode
from appliance.conversations.noting import VERBATIM, note_by_extract
from appliance.conversations.paths import path_to
from appliance.conversations.prompting.conversation import EarlierTurn, Pinned
from appliance.conversations.prompting.rewriting import TURNS_LOOKED_AT
from appliance.conversations.prompting.salts import cache_salt
from appliance.conversations.trees import Node, Place, nodes_of
from appliance.conversations.wanted import Wanted
from appliance.sources.narrowing.folders import within_folders
from indexer.scope import Scope

Pair = tuple[Message, Message]  # a question and its answer


@dataclass(frozen=True, slots=True)
class Branch:
    """The turns before a question, oldest first, with their numbers."""

    turns: tuple[tuple[int, Pair], ...]  # those that its reader may use
    pins: tuple[tuple[int, Message], ...]
    nodes: Mapping[UUID, Node]  # of all messages before, for what they rest on
    asked: Node | None = None  # the question itself, when it was copied from somebody else's thread

    @classmethod
    def of(cls, earlier: list[Message], asked: Message, scope: Scope) -> Branch:
        """Leave out answers whose evidence the person may not read any more, and empty ones.

        A pinned question holds whatever became of its answer: it is the person's own.
        """
        ids = [message.pk for message in (*earlier, asked)]
        nodes = nodes_of(Message.objects.filter(pk__in=ids))
        sealed = sealed_for_owner(nodes, scope)
        pairs = list(enumerate(zip(earlier[::2], earlier[1::2], strict=False), start=1))
        return cls(
            tuple(
                (number, pair)
                for number, pair in pairs
                if pair[1].text and sealed.isdisjoint({pair[0].pk, pair[1].pk})
            ),
            tuple(
                (number, message)
                for number, pair in pairs
                for message in pair
                if message.is_pinned and message.text and message.pk not in sealed
            ),
            {node.id: node for node in nodes},
            next((node for node in nodes if node.id == asked.pk and node.is_copied), None),
        )

    def earlier_turns(self) -> tuple[EarlierTurn, ...]:
        note_by_extract([pair for _, pair in self.turns[:-VERBATIM]])
        return tuple(
            EarlierTurn(
                asked.text,
                without_markers(answered.text),
                note=answered.note,
                number=number,
                message_id=str(answered.pk),
            )
            for number, (asked, answered) in self.turns
        )

    def pinned(self) -> tuple[Pinned, ...]:
        return tuple(
            Pinned(message.role, without_markers(message.text), number, str(message.pk))
            for number, message in self.pins
        )

    def places(self, message_ids: Iterable[str] = ()) -> list[Place]:
        """Return what the answers of these turns rest on, and the newest, which words a query; and
        a copied question, which is not the person's own."""
        wanted = set(message_ids)
        newest = {pair[1].pk for _, pair in self.turns[-TURNS_LOOKED_AT:]}
        pairs = [
            pair
            for _, pair in self.turns
            if pair[1].pk in newest or not wanted.isdisjoint({str(one.pk) for one in pair})
        ]
        pinned = [message for _, message in self.pins if str(message.pk) in wanted]
        used = [*(message for pair in pairs for message in pair), *pinned]
        nodes = [self.nodes[one.pk] for one in used] + ([self.asked] if self.asked else [])
        return sorted({place for node in nodes for place in node.places})


def question_of(message: Message) -> tuple[Question, Branch]:
    """Return the question that this answer is for, and the branch that it goes on with.

    What a worker that died has done for it already is in `done`.
    """
    scope = scope_of_answer(message)
    *earlier, asked, _ = path_to(message)
    branch = Branch.of(earlier, asked, scope)
    return Question(
        text=asked.text,
        scope=within_folders(scope, message.folders),
        turns=branch.earlier_turns(),
        pinned=branch.pinned(),
        wanted=Wanted.from_json(message.wanted),
        source_names=tuple(message.source_names),
        ref=message.ref,
        mode=Mode(message.mode),
        cache_salt=cache_salt(scope, key=settings.SECRET_KEY),
        may_ask_back=not (earlier and earlier[-1].receipt.get("asked_back")),
        done=_done(message, scope),
    ), branch


def _done(message: Message, scope: Scope) -> tuple[Step, ...]:
    """Return the steps that were taken, as long as their owner may read all that they rest on: not
    only what they found, for the words of a search tell of earlier turns too."""
    if not message.steps or is_sealed_for_owner(message, scope):
        return ()
    return tuple(map(Step.from_json, message.steps))
