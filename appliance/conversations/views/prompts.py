"""The inspector: what the model was given for an answer, and asking again with other files."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.conversations import branching
from appliance.conversations.access import get_visible_message_for_user
from appliance.conversations.forms import AgainForm
from appliance.conversations.inspecting import inspect
from appliance.conversations.models import Message
from appliance.conversations.showing import record_inspected
from appliance.conversations.views.addresses import address_of
from appliance.conversations.views.refusing import tells_of_quota
from appliance.conversations.wanted import File, Wanted
from appliance.sources.access import find_live_blob, readable_sources, scope_of


@require_safe
def prompt_page(request: SignedInRequest, message_id: UUID) -> HttpResponse:
    """Show every piece of the prompt with its size and why it is there, and what was left out."""
    message = _answer(request, message_id)
    scope = scope_of(request.user)
    inspection = inspect(message, scope)
    if inspection is not None:
        record_inspected(request.user, message, inspection)
    context = {
        "message": message,
        "inspection": inspection,
        "wanted": Wanted.from_json(message.wanted),
        "names": readable_sources(request.user).order_by("name").values_list("name", flat=True),
    }
    return render(request, "conversations/prompt.html", context)


@require_POST
@tells_of_quota
def ask_again(request: SignedInRequest, message_id: UUID) -> HttpResponse:
    """Ask the same question again, without the files taken out and with those put in."""
    message = _answer(request, message_id)
    form = AgainForm(request.POST, before=Wanted.from_json(message.wanted))
    if not form.is_valid():
        for error in form.error_list():
            messages.error(request, error)
        return redirect("message_prompt", message_id=message.pk)
    wanted = form.wanted()
    if missing := _missing(request, message, wanted):
        messages.error(request, f"There is no file {missing.path} in {missing.source}.")
        return redirect("message_prompt", message_id=message.pk)
    assert message.parent is not None  # noqa: S101  an answer follows on its question
    again = branching.answer_again(message.parent, like=message, wanted=wanted)
    return redirect(address_of(again))


def _answer(request: SignedInRequest, message_id: UUID) -> Message:
    """Return an answer whose evidence the reader may see; else 404, as if there were none."""
    message = get_visible_message_for_user(request.user, message_id)
    if message.role != Message.Role.ANSWER:
        raise Http404
    return message


def _missing(request: SignedInRequest, message: Message, wanted: Wanted) -> File | None:
    scope = scope_of(request.user)
    return next(
        (
            file
            for file in wanted.add
            if find_live_blob(scope, file.source, file.path, ref_name=message.ref) is None
        ),
        None,
    )
