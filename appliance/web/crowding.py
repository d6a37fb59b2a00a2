"""Answers 429 to whoever has too many requests under way: see appliance/common/crowds.py."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from appliance.accounts.models import User
from appliance.common.crowds import REQUESTS, too_many


class OneShare:
    """Stands behind what knows who asks: a session's person, or a token's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return self.get_response(request)
        # Until a view has answered: what a stream still sends then is counted as a stream.
        with REQUESTS.with_one_more(request.user.pk) as had_room:
            return self.get_response(request) if had_room else too_many()
