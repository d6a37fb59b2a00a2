"""What somebody may ask of a new API token."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from appliance.accounts.lifetime_form import LifetimeForm
from appliance.accounts.models import TokenRight
from indexer.models import Source


class TokenForm(LifetimeForm):
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
    sources = forms.ModelMultipleChoiceField(
        label="Only these sources",
        queryset=Source.objects.none(),
        required=False,
        to_field_name="name",
        help_text="None chosen: all that you may read, at each moment.",
        widget=forms.CheckboxSelectMultiple,
    )
    field_order = ("name", "rights", "days", "sources")

    def __init__(self, *args: Any, sources: QuerySet[Source], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sources"].queryset = sources.order_by("name")  # type: ignore[attr-defined]
