"""Where somebody is signed in, and signing out from afar."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from appliance.accounts.requests import SignedInRequest
from appliance.accounts.sessions import device_of, end_sessions, sessions_of


@require_safe
def session_list(request: SignedInRequest) -> HttpResponse:
    sessions = sessions_of(request.user)
    context = {
        "rows": [(session, device_of(session.user_agent)) for session in sessions],
        "current_key": request.session.session_key,
        "others": len(sessions) - 1,
    }
    return render(request, "accounts/sessions.html", context)


@require_POST
def session_end(request: SignedInRequest, session_id: int) -> HttpResponse:
    """Sign out in one place, which may be this one."""
    session = get_object_or_404(UserSession, pk=session_id, user=request.user)
    is_this = session.session_key == request.session.session_key
    end_sessions([session], by=request.user, request=request)
    if is_this:
        return redirect("account_login")
    messages.success(request, f"You are signed out of {device_of(session.user_agent)}.")
    return redirect("sessions")


@require_POST
def sessions_end_others(request: SignedInRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    others = UserSession.objects.filter(user=request.user).exclude(
        session_key=request.session.session_key
    )
    count = end_sessions(others, by=request.user, request=request)
    messages.success(request, f"You are signed out in {count} other place{'s' * (count != 1)}.")
    return redirect("sessions")
