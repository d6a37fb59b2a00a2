"""What admins may write about access rules, checked before a flow sees it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.utils import timezone

from appliance.accounts.models import User
from appliance.sources.models import Grant, check_pattern, end_of
from indexer.models import Source

PLAIN_ATTRIBUTES = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
CHOICES = [("yes", "may read"), ("no", "may not read")]
SHOWN = [("", "All files"), ("yes", "Readable"), ("no", "Not readable")]


class PersonField(forms.CharField):
    """A person by their user name; empty is nobody."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={**PLAIN_ATTRIBUTES, "list": "people"})
        super().__init__(max_length=150, widget=widget, **options)

    def clean(self, value: Any) -> Any:
        name = super().clean(value)
        if not name:
            return None
        user = User.objects.filter(username=name).first()
        if user is None:
            raise forms.ValidationError(f"There is nobody called {name}.")
        return user


class GrantForm(forms.Form):
    """One rule, for a group or for a person."""

    group = forms.ModelChoiceField(
        Group.objects.order_by("name"), required=False, empty_label="Choose a group"
    )
    person = PersonField(
        label="or person", required=False, help_text="The name that they sign in with."
    )
    allow = forms.TypedChoiceField(
        label="Rule", choices=CHOICES, coerce=lambda value: value == "yes"
    )
    path_pattern = forms.CharField(
        label="Paths",
        required=False,
        max_length=500,
        validators=[check_pattern],
        help_text=(
            "Empty: everything. docs/ is a folder, *.md files at the top, **/*.md files in "
            "any folder."
        ),
        widget=forms.TextInput(attrs={**PLAIN_ATTRIBUTES, "placeholder": "everything"}),
    )
    until = forms.DateField(
        required=False,
        help_text="The last day on which the rule counts. Empty: for good.",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    reason = forms.CharField(
        required=False,
        max_length=300,
        help_text="Kept in the history, such as the number of a request.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if not self.errors and bool(given.get("group")) == bool(given.get("person")):
            raise forms.ValidationError("Choose a group or name a person: one of them.")
        return given

    def clean_until(self) -> datetime | None:
        day = self.cleaned_data["until"]
        if day is None:
            return None
        if day < timezone.localdate():
            raise forms.ValidationError("That day is over.")
        return end_of(day)

    @property
    def holder(self) -> Group | User:
        holder: Group | User = self.cleaned_data["group"] or self.cleaned_data["person"]
        return holder

    def as_grant(self, source: Source) -> Grant:
        """Return the rule as it would be saved, without saving it."""
        given = self.cleaned_data
        return Grant(
            group=given["group"],
            user=given["person"],
            source=source,
            path_pattern=given["path_pattern"].strip(),
            allow=given["allow"],
            expires_at=given["until"],
        )


class SeenForm(forms.Form):
    """Whose eyes, and of which source."""

    person = PersonField(label="Person")
    contains = forms.CharField(
        label="Sources whose name contains",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES),
    )


class PathsForm(forms.Form):
    """Which paths of a source to list."""

    contains = forms.CharField(
        label="Path contains",
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES),
    )
    shown = forms.ChoiceField(label="Show", choices=SHOWN, required=False)


class WhoForm(forms.Form):
    """One file of a source."""

    source = forms.ModelChoiceField(
        Source.objects.order_by("name"), to_field_name="name", empty_label="Choose a source"
    )
    path = forms.CharField(max_length=4000, widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES))
