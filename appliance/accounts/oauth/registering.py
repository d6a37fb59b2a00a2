"""How a program makes itself known (RFC 7591), before anybody has let it in."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from appliance.accounts.device_codes import one_line
from appliance.accounts.models import OAuthProgram
from appliance.accounts.oauth.redirects import is_allowed

WITHIN, MOST = timedelta(minutes=1), 10  # of one address
UNUSED_AFTER = timedelta(days=30)
MOST_UNUSED = 1000  # beyond, the oldest that nobody let in is forgotten
MOST_ADDRESSES = 20


class RegistrationRefused(Exception):
    """A program cannot be registered as it asks."""

    def __init__(self, error: str, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.error = error
        self.status = status


def register(fields: Mapping[str, Any], address: str) -> OAuthProgram:
    """Note a program; of the places where it says that it waits, those that are allowed."""
    name = fields.get("client_name")
    uris = fields.get("redirect_uris")
    if not isinstance(uris, list) or len(uris) > MOST_ADDRESSES:
        raise RegistrationRefused("invalid_redirect_uri", "Give redirect_uris, at most 20.")
    allowed = [uri for uri in uris if isinstance(uri, str) and is_allowed(uri)]
    if not allowed:
        raise RegistrationRefused(
            "invalid_redirect_uri",
            "Programs are let in on their person's own computer: give a loopback address or a "
            "scheme of your own. Further hosts are named in PLUMBLINE_OAUTH_HOSTS.",
        )
    _make_room(address)
    return OAuthProgram.objects.create(
        client_id=secrets.token_hex(16),
        name=(one_line(name) if isinstance(name, str) else "") or "A program",
        redirect_uris=allowed,
        address=address[:64],
    )


def _make_room(address: str) -> None:
    now = timezone.now()
    lately = OAuthProgram.objects.filter(address=address[:64], created_at__gt=now - WITHIN)
    if lately.count() >= MOST:
        raise RegistrationRefused(
            "temporarily_unavailable", "Too many programs register. Try again in a minute.", 429
        )
    unused = OAuthProgram.objects.filter(grants=None, codes=None)
    unused.filter(created_at__lt=now - UNUSED_AFTER).delete()
    beyond = unused.order_by("-created_at").values_list("pk", flat=True)[MOST_UNUSED - 1 :]
    OAuthProgram.objects.filter(pk__in=list(beyond)).delete()
