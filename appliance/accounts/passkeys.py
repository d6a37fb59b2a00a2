"""The forms that take what a browser sends as a passkey: what cannot be read is none.

The library checks a signature as it should, and breaks at much that is no passkey at all; its page of
sign-in is open to everybody.
"""

from __future__ import annotations

import struct
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn import forms

FIELD = "credential"
UNREADABLE = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, struct.error,
)  # fmt: skip


class _Readable:
    """Refuses, as a wrong passkey, what the library cannot read."""

    def full_clean(self) -> None:
        try:
            super().full_clean()  # type: ignore[misc]  # of the form beside which it stands
        except UNREADABLE:
            self.add_error(FIELD, get_adapter().validation_error("incorrect_code"))
        if self._errors:  # the page is shown again, and would read the same once more
            self.data = {**self.data.dict(), self.add_prefix(FIELD): ""}

    add_error: Any
    add_prefix: Any
    data: Any
    _errors: Any


class AddForm(_Readable, forms.AddWebAuthnForm):  # type: ignore[misc]  # untyped, as below
    """Adds a passkey to one's account."""


class AuthenticateForm(_Readable, forms.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """Takes a passkey as the second factor."""


class LoginForm(_Readable, forms.LoginWebAuthnForm):  # type: ignore[misc]
    """Takes a passkey instead of name and password."""


class ReauthenticateForm(_Readable, forms.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """Takes a passkey before a change of power."""
