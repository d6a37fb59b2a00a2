"""What may be asked next, below an answer."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.conversations.access import get_visible_message_for_user
from appliance.conversations.suggesting import follow_ups
from appliance.sources.access import scope_of


@require_safe
def message_next(request: SignedInRequest, message_id: UUID) -> HttpResponse:
    """Return follow-ups to an own answer, as the page puts them below it."""
    message = get_visible_message_for_user(request.user, message_id)
    questions = follow_ups(message, scope_of(request.user))
    context = {"message": message, "questions": questions}
    return render(request, "conversations/_next.html", context)
