"""What people may write about sources, checked before a flow sees it."""

from __future__ import annotations

from django import forms
from django.contrib.auth.models import Group
from django.core.validators import RegexValidator

from indexer.errors import LocationRefused
from indexer.fetching.location import check_ref
from indexer.models.source import NAME_PATTERN
from indexer.skips import EXPLANATIONS, SkipReason

PLAIN_ATTRIBUTES = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}


class ConnectForm(forms.Form):
    location = forms.CharField(
        label="Git address",
        max_length=2000,
        help_text="As for git clone: https://git.example.com/team/project.git or "
        "ssh://git@git.example.com/team/project.git. No name or password in it.",
        widget=forms.TextInput(attrs={**PLAIN_ATTRIBUTES, "autofocus": True}),
    )
    name = forms.CharField(
        max_length=100,
        help_text="Short; people see it in every citation.",
        validators=[
            RegexValidator(
                NAME_PATTERN,
                "Letters, digits, dot, dash and underscore; begin with a letter or digit.",
            )
        ],
        widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES),
    )
    ref_names = forms.CharField(
        label="Branches or tags",
        required=False,
        max_length=2000,
        help_text="Names or patterns, separated by spaces: main release/* tags/v*. Search uses the "
        "first name by itself. Empty: the repository's default branch.",
        widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES),
    )
    username = forms.CharField(
        label="User name",
        required=False,
        max_length=200,
        help_text="Only for a private repository.",
        widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES),
    )
    secret = forms.CharField(
        label="Access token",
        required=False,
        max_length=4000,
        help_text="Read access is enough. Stored sealed, never shown again.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_ref_names(self) -> list[str]:
        names = str(self.cleaned_data["ref_names"]).replace(",", " ").split()
        try:
            return [check_ref(name) for name in names]
        except LocationRefused as exc:
            raise forms.ValidationError(str(exc)) from exc


class GrantForm(forms.Form):
    group = forms.ModelChoiceField(Group.objects.order_by("name"), empty_label="Choose a group")
    path_pattern = forms.CharField(
        label="Paths",
        required=False,
        max_length=500,
        help_text="Empty: everything. docs/ is a folder; * within a name, ** across folders.",
        widget=forms.TextInput(attrs={**PLAIN_ATTRIBUTES, "placeholder": "everything"}),
    )
    allow = forms.TypedChoiceField(
        label="Rule",
        choices=[("yes", "may read"), ("no", "may not read")],
        coerce=lambda value: value == "yes",
    )


class RemoveForm(forms.Form):
    """Typing the name is the confirmation."""

    confirmation = forms.CharField(
        label="Name of the source", widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES)
    )

    def __init__(self, *args: object, name: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.name = name

    def clean_confirmation(self) -> str:
        if self.cleaned_data["confirmation"] != self.name:
            raise forms.ValidationError(f"Type {self.name} to confirm.")
        return self.name


class SkippedFilterForm(forms.Form):
    reason = forms.ChoiceField(
        required=False,
        choices=[
            ("", "All reasons"),
            *((reason.value, EXPLANATIONS[reason]) for reason in SkipReason),
        ],
    )
    path = forms.CharField(
        label="Path contains",
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={**PLAIN_ATTRIBUTES, "placeholder": "Path contains"}),
    )
