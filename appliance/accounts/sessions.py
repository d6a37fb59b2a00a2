"""Where somebody is signed in: listed with device and address, and ended from afar."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from importlib import import_module

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from appliance.accounts.models import User
from appliance.accounts.targets import of_person
from appliance.audit.acting import Actor
from appliance.audit.actions import Action
from appliance.audit.recording import record

SEEN_NOTED_EVERY = timedelta(minutes=1)
# What a browser calls itself; the first that fits. Every other browser calls itself Safari too.
BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


class SeenMiddleware:
    """Notes, at most once a minute, that a session is in use, and from where."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.session.session_key and request.user.is_authenticated and not _is_noted(request):
            UserSession.objects.create_from_request(request)
        return self.get_response(request)


def _is_noted(request: HttpRequest) -> bool:
    """Return whether this session was seen within the last minute; one look at an index."""
    if hasattr(request, "token"):
        return True  # the person of a token has no session here
    lately = timezone.now() - SEEN_NOTED_EVERY
    noted = UserSession.objects.filter(
        session_key=request.session.session_key, last_seen_at__gt=lately
    )
    return bool(noted.exists())


def sessions_of(user: User) -> list[UserSession]:
    """Return where somebody is signed in, last seen first; rows of sessions that ended are removed."""
    live = UserSession.objects.purge_and_list(user)
    return sorted(live, key=lambda session: session.last_seen_at, reverse=True)


def device_of(user_agent: str) -> str:
    """Say what a browser calls itself in two words, such as "Firefox on Linux"."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    first = re.match(r"[\w.-]{1,40}", user_agent)
    return browser or system or (first.group() if first else "Unknown device")


def end_sessions(
    sessions: Iterable[UserSession], *, by: Actor, request: HttpRequest | None = None
) -> int:
    """Sign somebody out where these sessions are; each is recorded."""
    count = 0
    for session in sessions:
        with transaction.atomic():
            user = session.user
            session.end()
            record(
                Action.SESSION_REVOKED,
                actor=by,
                target=of_person(user),
                request=request,
                details={"device": device_of(session.user_agent), "address": session.ip},
            )
        count += 1
    return count


def end_all_sessions(user: User, *, by: Actor, request: HttpRequest | None = None) -> int:
    """Sign somebody out everywhere."""
    return end_sessions(UserSession.objects.filter(user=user), by=by, request=request)


def is_session_live(session_key: str) -> bool:
    """Return whether a session has not been ended; for what goes on long after its request."""
    return bool(import_module(settings.SESSION_ENGINE).SessionStore().exists(session_key))
