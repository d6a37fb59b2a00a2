"""Share a thread, take a share back, go on in a thread of one's own."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from appliance.accounts.requests import SignedInRequest
from appliance.conversations.access import (
    get_shared_thread,
    get_thread_for_user,
    groups_to_share_with,
    people_to_share_with,
    reading_of,
)
from appliance.conversations.copying import continue_own
from appliance.conversations.forms import PlaceForm, ShareForm, WhoForm
from appliance.conversations.sharing import share, unshare

PEOPLE_SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
def thread_share(request: SignedInRequest, thread_id: UUID) -> HttpResponse:
    """Show with whom a thread is shared, and share it with somebody more."""
    thread = get_thread_for_user(request.user, thread_id)
    form = ShareForm(request.POST if request.method == "POST" else None, sharer=request.user)
    if form.is_valid():
        share(thread, by=request.user, **form.cleaned_data)
        return redirect("thread_share", thread_id=thread.pk)
    who = WhoForm(request.GET)
    name = who.cleaned_data["who"] if who.is_valid() else ""
    shares = list(thread.shares.select_related("user", "group"))
    people = people_to_share_with(request.user, name).exclude(
        pk__in=[s.user_id for s in shares if s.user_id]
    )
    context = {
        "thread": thread,
        "form": form,
        "who": name,
        "shares": shares,
        "people": people[:PEOPLE_SHOWN] if name else (),
        "groups": groups_to_share_with(request.user).exclude(
            pk__in=[one.group_id for one in shares if one.group_id]
        ),
    }
    return render(request, "conversations/share.html", context, status=400 if form.errors else 200)


@require_POST
def thread_unshare(request: SignedInRequest, thread_id: UUID, share_id: int) -> HttpResponse:
    thread = get_thread_for_user(request.user, thread_id)
    unshare(get_object_or_404(thread.shares, pk=share_id))
    return redirect("thread_share", thread_id=thread.pk)


@require_POST
def thread_continue(request: SignedInRequest, thread_id: UUID) -> HttpResponse:
    """Copy what one sees of a shared thread into one's own."""
    thread = get_shared_thread(request.user, thread_id)
    reading = reading_of(request.user, thread)
    own = continue_own(request.user, reading, PlaceForm(request.POST).named("at"))
    if own is None:
        messages.error(request, "There is no finished answer here that you may read.")
        return redirect("thread", thread_id=thread.pk)
    return redirect("thread", thread_id=own.pk)
