"""Reads every request on behalf of whoever is signed in: see indexer/wall.py."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin

from appliance.accounts.models import User
from appliance.sources.access import scope_of
from indexer import wall
from indexer.scope import Scope


class WallMiddleware(MiddlewareMixin):
    """Enter the reader's scope. Nothing is left at the end: a stream is still read then, and the
    next request on the same connection enters its own."""

    def process_request(self, request: HttpRequest) -> None:
        if wall.is_up():
            user = request.user
            wall.enter(scope_of(user) if isinstance(user, User) else Scope())
