"""Thumbs under an answer: a fragment for htmx, a page of its own without JavaScript."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from appliance.accounts.requests import SignedInRequest
from appliance.conversations.curating import giving
from appliance.conversations.curating.access import get_answer_for_feedback
from appliance.conversations.curating.forms import FeedbackForm
from appliance.conversations.curating.models import Feedback
from appliance.conversations.curating.saying import said_to
from appliance.conversations.models import Message
from appliance.conversations.titles import listed_titles
from appliance.conversations.views.addresses import address_of
from appliance.sources.access import scope_of


@require_http_methods(["GET", "HEAD", "POST"])
def feedback(request: SignedInRequest, message_id: UUID) -> HttpResponse:
    """Show what the person thinks of the answer; a POST writes it down."""
    message = get_answer_for_feedback(request.user, message_id)
    if request.method != "POST":
        return _response(request, message, giving.feedback_of(request.user, message))
    form = FeedbackForm(request.POST)
    if not form.is_valid():
        given = giving.feedback_of(request.user, message)
        return _response(request, message, given, form=form, status=422)
    chosen = form.cleaned_data
    has_details = "comment" in request.POST  # a thumb alone leaves the words as they are
    given = giving.give_feedback(
        request.user,
        message,
        is_good=chosen["verdict"] == "good",
        reasons=chosen["reasons"] if has_details else None,
        comment=chosen["comment"] if has_details else None,
    )
    return _done(request, message, given)


@require_POST
def feedback_remove(request: SignedInRequest, message_id: UUID) -> HttpResponse:
    message = get_answer_for_feedback(request.user, message_id)
    giving.take_back(request.user, message)
    return _done(request, message, None)


def _done(request: SignedInRequest, message: Message, given: Feedback | None) -> HttpResponse:
    if request.htmx:
        return _response(request, message, given, is_new=True)
    return redirect(address_of(message))


def _response(
    request: SignedInRequest,
    message: Message,
    given: Feedback | None,
    *,
    form: FeedbackForm | None = None,
    is_new: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {
        "message": message,
        "given": given,
        "form": form,
        "reasons": Feedback.Reason.choices,
        "chosen": form["reasons"].value() if form else (given.reasons if given else []),
        "comment": form["comment"].value() if form else (given.comment if given else ""),
        "is_new": is_new,
        "said": said_to(message, scope_of(request.user)),
    }
    if request.htmx:
        return render(request, "conversations/curating/_feedback.html", context, status=status)
    title = listed_titles(request.user, [message.thread])[message.thread_id]
    context |= {"title": title, "address": address_of(message)}
    return render(request, "conversations/curating/feedback.html", context, status=status)
