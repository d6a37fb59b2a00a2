"""What somebody may ask of a new API token."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet

from appliance.accounts.models import TokenRight
from indexer.models import Source


class TokenForm(forms.Form):
    name = forms.CharField(
        label="What it is for",
        max_length=100,
        help_text="Such as the editor on my laptop.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    rights = forms.MultipleChoiceField(
        label="What it may do",
        choices=TokenRight.choices,
        initial=[TokenRight.READ],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.IntegerField(label="Days until it ends", min_value=1)
    sources = forms.ModelMultipleChoiceField(
        label="Only these sources",
        queryset=Source.objects.none(),
        required=False,
        to_field_name="name",
        help_text="None chosen: all that you may read, at each moment.",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, sources: QuerySet[Source], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sources"].queryset = sources.order_by("name")  # type: ignore[attr-defined]
        days = self.fields["days"]
        days.initial, most = settings.TOKEN_DAYS, settings.TOKEN_MAX_DAYS
        days.help_text = f"At most {most}."
        days.widget.attrs["max"] = most

    def clean_days(self) -> int:
        days: int = self.cleaned_data["days"]
        if days > settings.TOKEN_MAX_DAYS:
            raise forms.ValidationError(f"At most {settings.TOKEN_MAX_DAYS} days.")
        return days
