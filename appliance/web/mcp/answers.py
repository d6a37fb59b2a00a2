"""A question asked by a program, and its answer as the program's token may read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import Http404
from mcp.server.mcpserver.exceptions import ToolError

from appliance.conversations.access import (
    Reading,
    get_message_for_user,
    get_thread_for_token,
    sealed_for_owner,
)
from appliance.conversations.changes import PatchView
from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.exporting.pieces import numbered
from appliance.conversations.models import Message
from appliance.conversations.programs import Wish, WishRefused, ask_with
from appliance.conversations.quotas import QuotaReached, open_questions
from appliance.conversations.rendering import CitationView, compiled_answer
from appliance.conversations.showing import record_turns
from appliance.conversations.trees import Tree, nodes_of
from appliance.conversations.turns import Turn, turn_of
from appliance.conversations.views.addresses import address_of
from appliance.conversations.waits import waits_of
from appliance.web.mcp.calling import Access
from appliance.web.mcp.results import AnswerResult, Citation, Patch, place_of

WORDS = {
    Message.State.QUEUED: "Waiting",
    Message.State.SEARCHING: "Searching",
    Message.State.WRITING: "Writing",
    Message.State.DONE: "Done",
    Message.State.STOPPED: "Stopped",
    Message.State.FAILED: "Failed",
}
MOST_UNDER_WAY = 8  # questions of one person: each holds a connection of the database
TOO_MANY = f"{MOST_UNDER_WAY} of your questions are under way. Wait until one is answered."
SEALED = "This answer rests on sources that this token may not read."


@dataclass(frozen=True, slots=True)
class Look:
    """An answer at one moment, as progress tells it."""

    is_open: bool
    sentence: str


def begin(access: Access, wish: Wish, thread: UUID | None) -> UUID:
    """Write the question down and have it answered; return the id of the answer to come."""
    if open_questions(access.user.pk) >= MOST_UNDER_WAY:
        raise ToolError(TOO_MANY)
    if not access.scope.source_ids:
        raise ToolError("This token may read no source.")
    follows = get_thread_for_token(access.token, thread) if thread else None
    try:
        return ask_with(access.token, wish, thread=follows).pk
    except WishRefused as refused:
        raise ToolError(str(refused)) from None
    except QuotaReached as reached:
        raise ToolError(reached.sentence) from None


def look(access: Access, message_id: UUID) -> Look:
    """Look at an answer that is to come."""
    message = get_message_for_user(access.user, message_id)
    sentence = WORDS[Message.State(message.state)]
    if message.state == Message.State.QUEUED:
        wait = waits_of([message_id]).get(message_id)
        if wait and wait.before:
            sentence = f"Waiting: {wait.before} go before"
    elif message.is_open and message.steps:
        sentence = f"{sentence}: {message.steps[-1]['title']}"
    elif message.state == Message.State.WRITING:
        sentence = f"{sentence}: {len(message.text)} letters"
    return Look(message.is_open, sentence)


def result_of(access: Access, message_id: UUID) -> AnswerResult:
    """Return a finished answer; what rests on more than the token may read is not given."""
    message = get_message_for_user(access.user, message_id)
    tree = Tree(tuple(nodes_of(Message.objects.filter(pk=message.pk))))
    sealed = sealed_for_owner(tree.nodes, access.scope)
    if message.pk in sealed:
        raise ToolError(SEALED)
    turn = turn_of(message, Reading(message.thread, tree, True, access.scope, sealed))
    if turn.rendered is None:
        raise Http404
    if message.state == Message.State.FAILED and not turn.evidence:
        raise ToolError(message.error or "The answer could not be written. Ask again.")
    record_turns(access.user, [turn])
    answer = numbered(compiled_answer(message))
    text, pieces = answer.text.strip(), answer.pieces
    counts = turn.rendered.counts
    return AnswerResult(
        thread=str(message.thread_id),
        message=str(message.pk),
        url=access.base_url + address_of(message),
        state=message.state,
        text=text or message.error,
        citations=_citations(access, pieces),
        found=[] if pieces else _found(access, turn.evidence),
        supported=counts.supported,
        not_confirmed=counts.doubtful,
        not_supported=counts.unsupported,
        not_found=message.not_found,
        searched=[f"{one['name']}@{one['commit']}" for one in turn.rendered.searched],
        patches=[_patch(one) for one in _patches(turn)],
    )


def _citations(access: Access, pieces: Sequence[EvidenceLines]) -> list[Citation]:
    return [
        Citation(
            number,
            place_of(
                access.base_url,
                piece.source,
                piece.path,
                piece.commit,
                (piece.span.start_line, piece.span.end_line),
            ),
            piece.text,
        )
        for number, piece in enumerate(pieces, start=1)
    ]


def _found(access: Access, views: Sequence[CitationView]) -> list[Citation]:
    """Return what an answer without citations had to rest on, as its page shows it."""
    return [
        Citation(
            number,
            place_of(
                access.base_url,
                view.source,
                view.path,
                view.commit,
                (view.start_line, view.end_line),
            ),
            "\n".join(line for _, line in view.lines),
        )
        for number, view in enumerate(views, start=1)
    ]


def _patches(turn: Turn) -> Sequence[PatchView]:
    return [one for one in turn.rendered.patches if one.diff] if turn.rendered else ()


def _patch(patch: PatchView) -> Patch:
    checks = {one.label: one.word for one in patch.checks}
    return Patch(patch.source, patch.commit, patch.state, patch.diff, checks)
