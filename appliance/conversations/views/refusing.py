"""What a person is told who has asked as much as one may: a sentence, and when they can go on."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from appliance.accounts.requests import SignedInRequest
from appliance.conversations.access import get_message_for_user
from appliance.conversations.quotas import QuotaReached
from appliance.conversations.views.addresses import address_of

View = Callable[[SignedInRequest, UUID], HttpResponse]


def refused(response: HttpResponse, reached: QuotaReached) -> HttpResponse:
    """Return the response as one to somebody who asks too much."""
    response.status_code = 429
    response["Retry-After"] = str(reached.seconds)
    return response


def refused_in_place(request: SignedInRequest, reached: QuotaReached) -> HttpResponse:
    """Have htmx put the sentence below the form, in which the question stays."""
    context = {"refused": reached.sentence}
    response = render(request, "conversations/_refused.html", context)
    response["HX-Retarget"] = "#composer-refused"
    response["HX-Reswap"] = "innerHTML"
    return refused(response, reached)


def tells_of_quota(view: View) -> View:
    """Lead back to the message when the view may not ask again now, with the sentence above."""

    @wraps(view)
    def wrapped(request: SignedInRequest, message_id: UUID) -> HttpResponse:
        try:
            return view(request, message_id)
        except QuotaReached as reached:
            messages.error(request, reached.sentence)
            return redirect(address_of(get_message_for_user(request.user, message_id)))

    return wrapped
