"""The request that a view gets behind the sign-in: somebody is there, and htmx is known."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from appliance.accounts.models import User


class SignedInRequest(HttpRequest):
    """What LoginRequiredMiddleware and HtmxMiddleware guarantee, for the type checker."""

    user: User
    htmx: HtmxDetails
