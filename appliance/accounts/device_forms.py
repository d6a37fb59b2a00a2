"""What a person types to let a program in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from appliance.accounts.lifetime_form import LifetimeForm
from appliance.accounts.models import TokenRight


class CodeForm(forms.Form):
    code = forms.CharField(
        label="The code that the program shows",
        max_length=40,
        error_messages={"required": "Type the code that the program shows."},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "placeholder": "BCDF-GHJK",
                "class": "mono",
            }
        ),
    )


class AllowForm(LifetimeForm):
    """What the program may do, and for how long."""

    rights = forms.MultipleChoiceField(
        label="What it may do",
        choices=TokenRight.choices,
        initial=[TokenRight.READ, TokenRight.ASK],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose something that it may do, or turn it away."},
    )
    field_order = ("rights", "days")

    def __init__(self, *args: Any, asked: Sequence[str] = (), **kwargs: Any) -> None:
        """Offer every right, or those that a program asked for."""
        super().__init__(*args, **kwargs)
        if asked:
            choices = [(value, label) for value, label in TokenRight.choices if value in asked]
            self.fields["rights"].choices = choices  # type: ignore[attr-defined]
            self.fields["rights"].initial = list(asked)
