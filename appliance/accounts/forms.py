"""What admins may write about people, groups and roles."""

from __future__ import annotations

from typing import Any

from django import forms

from appliance.accounts.glass import SHORTEST_REASON
from appliance.accounts.models import Role, RoleGrant
from indexer.models import Source


class PeopleFilterForm(forms.Form):
    """Which people a list shows."""

    q = forms.CharField(max_length=150, required=False)
    state = forms.ChoiceField(
        choices=[("", "Everybody"), ("active", "Active"), ("disabled", "Disabled")], required=False
    )


class RoleForm(forms.Form):
    """A role to give or to take; of a source admin with the source."""

    role = forms.ChoiceField(choices=RoleGrant.GIVEN)
    source = forms.ModelChoiceField(
        queryset=Source.objects.order_by("name"),
        required=False,
        to_field_name="name",
        empty_label="(of a source admin)",
    )

    def clean(self) -> dict[str, Any]:
        """Leave the source out where the role has none: the field is on the page for all roles."""
        given = super().clean() or {}
        if given.get("role") == Role.SOURCE_ADMIN and given.get("source") is None:
            self.add_error("source", "Choose the source that they shall manage.")
        if given.get("role") != Role.SOURCE_ADMIN:
            given["source"] = None
        return given


class MemberForm(forms.Form):
    """Somebody to put into a group, or to take out."""

    username = forms.CharField(
        label="User name",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off"}),
    )


class GlassForm(forms.Form):
    """Why somebody needs to read what nobody granted them."""

    reason = forms.CharField(
        label="Reason",
        min_length=SHORTEST_REASON,
        max_length=1000,
        help_text="Every admin reads it, and it stays in the record.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
