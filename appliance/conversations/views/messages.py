"""What is done with one message: its evidence, stop, answer again, pin, delete with what follows."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.conversations import asking, branching
from appliance.conversations.access import (
    get_message_for_reader,
    get_message_for_user,
    get_visible_message_for_user,
    reading_of,
)
from appliance.conversations.models import Message
from appliance.conversations.showing import record_turns
from appliance.conversations.turns import turn_of
from appliance.conversations.views.addresses import address_of
from appliance.conversations.views.refusing import tells_of_quota


@require_POST
def message_stop(request: SignedInRequest, message_id: UUID) -> HttpResponse:
    """Stop writing an answer; what is there already stays."""
    message = get_message_for_user(request.user, message_id)
    asking.stop(message)
    if request.htmx:
        return HttpResponse(status=204)
    return redirect("thread", thread_id=message.thread_id)


@require_safe
def message_evidence(request: SignedInRequest, message_id: UUID) -> HttpResponse:
    """Return the evidence of an answer; 204 (htmx asks again) until the prompt is packed."""
    message = get_message_for_reader(request.user, message_id)
    if message.is_open and message.state != Message.State.WRITING:
        return HttpResponse(status=204)
    turn = turn_of(message, reading_of(request.user, message.thread))
    record_turns(request.user, [turn])
    context = {
        "message": turn.message,
        "evidence": turn.evidence,
        "is_sealed": turn.is_sealed,
        "is_shown": True,
    }
    return render(request, "conversations/_evidence.html", context)


@require_POST
@tells_of_quota
def message_again(request: SignedInRequest, message_id: UUID) -> HttpResponse:
    """Answer a question once more; the message is the question, or an answer to it."""
    message = get_message_for_user(request.user, message_id)
    question = message.parent if message.role == Message.Role.ANSWER else message
    question = get_visible_message_for_user(request.user, (question or message).pk)
    return redirect(address_of(branching.answer_again(question, like=message)))


@require_POST
def message_pin(request: SignedInRequest, message_id: UUID) -> HttpResponse:
    """Pin a message, or take its pin off."""
    message = get_message_for_user(request.user, message_id)
    branching.pin(message, is_pinned=request.POST.get("pinned") == "yes")
    return redirect(address_of(message))


@require_http_methods(["GET", "HEAD", "POST"])
def message_delete(request: SignedInRequest, message_id: UUID) -> HttpResponse:
    """Ask once more, then delete a message with all that follows on it."""
    message = get_message_for_user(request.user, message_id)
    if request.method == "POST":
        if not branching.delete_branch(message):
            messages.success(request, "The thread was deleted: nothing was left of it.")
            return redirect("ask")
        messages.success(request, "The messages were deleted.")
        return redirect("thread", thread_id=message.thread_id)
    reading = reading_of(request.user, message.thread)
    context = {
        "turn": turn_of(message, reading),
        "thread": message.thread,
        "address": address_of(message),
        "more": sum(1 for _ in reading.tree.below(message.pk)),
    }
    return render(request, "conversations/delete_branch.html", context)
