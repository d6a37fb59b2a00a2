"""What every page knows of who looks at it: their roles, and emergency access that is open."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from appliance.accounts.glass import notices_for
from appliance.accounts.models import BrokenGlass, Role, User
from appliance.accounts.roles import has_role, roles_of


def roles(request: HttpRequest) -> dict[str, object]:
    """Return the names of the reader's roles, for `{% if "curator" in roles %}`."""
    user = getattr(request, "user", None)
    return {"roles": SimpleLazyObject(lambda: _names_of(user))}


def _names_of(user: object) -> frozenset[str]:
    return frozenset(map(str, roles_of(user))) if isinstance(user, User) else frozenset()


def glass(request: HttpRequest) -> dict[str, object]:
    """Return the emergency access that an admin is told of on every page; to others none."""
    user = getattr(request, "user", None)
    return {"glass_notices": SimpleLazyObject(lambda: _glass_for(user))}


def _glass_for(user: object) -> list[BrokenGlass]:
    if not isinstance(user, User) or not (notices := notices_for(user)):
        return []
    return notices if has_role(user, Role.ADMIN) else []
