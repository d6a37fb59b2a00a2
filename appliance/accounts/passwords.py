"""The form in which people change their own password, in the words of the other forms."""

from __future__ import annotations

from typing import Any

from allauth.account import forms

LABELS = {
    "oldpassword": "Current password",
    "password1": "New password",
    "password2": "New password, once more",
}


class ChangePasswordForm(forms.ChangePasswordForm):  # type: ignore[misc]  # untyped
    """As the library has it; its labels are written like titles."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in LABELS.items():
            self.fields[name].label = label
