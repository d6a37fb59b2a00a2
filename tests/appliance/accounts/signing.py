"""Signing in as people do, with a password that is asked for again before changes of power."""

from __future__ import annotations

from django.test import Client

from appliance.accounts.models import User

PASSWORD = "correct horse battery"


def sign_in(client: Client, user: User, *, freshly: bool = True) -> None:
    """Sign in; freshly: with the password given once more, as changing roles needs it."""
    client.force_login(user)
    if freshly:
        response = client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        assert response.status_code == 302, response.content
