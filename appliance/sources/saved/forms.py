"""What people may write when they keep a search or set their webhook."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator

from appliance.sources.models import SavedSearch
from appliance.sources.narrowing.narrowing import Narrowing
from appliance.sources.saved.keeping import Wish

LONGEST_QUERY = 2000


class SearchForm(forms.Form):
    """A search to be kept; what it is narrowed to comes from its address."""

    name = forms.CharField(max_length=80, error_messages={"required": "Give it a name."})
    page = forms.ChoiceField(choices=SavedSearch.Page.choices, label="Way to search")
    q = forms.CharField(
        max_length=LONGEST_QUERY,
        label="Query",
        error_messages={"required": "Write what is to be looked for."},
    )
    ref = forms.CharField(required=False, max_length=250)
    is_alert = forms.BooleanField(required=False, label="Tell me of new matches")
    by_mail = forms.BooleanField(required=False, label="By mail too")
    by_webhook = forms.BooleanField(required=False, label="To my webhook too")

    def clean_name(self) -> str:
        """Return the name on one line: it becomes a subject and a heading."""
        name = str(self.cleaned_data["name"])
        if not name.isprintable():
            raise forms.ValidationError("The name holds characters that cannot be seen.")
        return name

    def wish(self, by: Narrowing) -> Wish:
        given: dict[str, Any] = self.cleaned_data
        return Wish(
            name=given["name"],
            page=given["page"],
            query=given["q"],
            by=by,
            # A code search names its ref in the query: its page takes no other.
            ref="" if given["page"] == SavedSearch.Page.CODE else given["ref"],
            is_alert=given["is_alert"],
            by_mail=given["is_alert"] and given["by_mail"],
            by_webhook=given["is_alert"] and given["by_webhook"],
        )


class AnswersForm(forms.Form):
    """What is posted of the person's answers."""

    ended = forms.BooleanField(required=False, label="An answer of mine has ended")
    changed = forms.BooleanField(
        required=False, label="Lines that an answer of mine cites have changed"
    )


class TargetForm(forms.Form):
    """Where alerts are posted to."""

    url = forms.CharField(
        max_length=2000, label="Address", validators=[ProhibitNullCharactersValidator()]
    )
