"""What admins write about the groups and tokens of a directory."""

from __future__ import annotations

from typing import Any

from django import forms

from appliance.accounts.mapping import MAX_NAME
from appliance.accounts.models import Directory
from appliance.accounts.provisioning.mapping import Proposal, proposal_of

PLAIN = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}


class MappingForm(forms.Form):
    """Takes rows away, adds one, and says what becomes of the names without a row."""

    remove = forms.MultipleChoiceField(required=False)
    external = forms.CharField(
        label="Group there",
        required=False,
        max_length=500,
        help_text="Its name, or its distinguished name where the directory is set to tell that.",
        widget=forms.TextInput(attrs={**PLAIN, "list": "known-groups"}),
    )
    group = forms.CharField(
        label="Group here",
        required=False,
        max_length=MAX_NAME,
        help_text="One that does not exist yet is made.",
        widget=forms.TextInput(attrs={**PLAIN, "list": "groups-here"}),
    )
    as_named = forms.BooleanField(
        label="Groups without a row become groups of the same name here", required=False
    )

    def __init__(self, *args: Any, directory: Directory, **kwargs: Any) -> None:
        self.present = proposal_of(directory)
        self.numbered = {str(row.pk): row for row in directory.mappings.select_related("group")}
        kwargs.setdefault("initial", {"as_named": self.present.as_named})
        super().__init__(*args, **kwargs)
        remove = self.fields["remove"]
        assert isinstance(remove, forms.MultipleChoiceField)  # noqa: S101 - for the type checker
        remove.choices = [(number, str(row)) for number, row in self.numbered.items()]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if bool(given.get("external")) != bool(given.get("group")):
            missing = "group" if given.get("external") else "external"
            self.add_error(missing, "A row needs both: the group there and the group here.")
        return given

    @property
    def proposal(self) -> Proposal:
        given = self.cleaned_data
        gone = {
            (row.external, row.group.name)
            for number, row in self.numbered.items()
            if number in given["remove"]
        }
        rows = set(self.present.rows) - gone
        if given["external"]:
            rows.add((given["external"], given["group"]))
        return Proposal(frozenset(rows), given["as_named"])


class TokenForm(forms.Form):
    """A name to recognise the token by, and how long it is good."""

    name = forms.CharField(
        max_length=100,
        help_text="Such as the identity provider.",
        widget=forms.TextInput(attrs=PLAIN),
    )
    days = forms.IntegerField(
        label="Good for (days)",
        min_value=1,
        max_value=730,
        initial=365,
        help_text="Make another one before it ends; both are good meanwhile.",
    )
