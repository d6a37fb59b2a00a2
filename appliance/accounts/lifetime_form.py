"""How long a token may live, as every form that makes one asks it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings


class LifetimeForm(forms.Form):
    days = forms.IntegerField(label="Days until it ends", min_value=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        days = self.fields["days"]
        days.initial, most = settings.TOKEN_DAYS, settings.TOKEN_MAX_DAYS
        days.help_text = f"At most {most}."
        days.widget.attrs["max"] = most

    def clean_days(self) -> int:
        days: int = self.cleaned_data["days"]
        if days > settings.TOKEN_MAX_DAYS:
            raise forms.ValidationError(f"At most {settings.TOKEN_MAX_DAYS} days.")
        return days
