"""What this product decides about sign-in where allauth lets a site decide."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by themselves: accounts are made by an admin."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
