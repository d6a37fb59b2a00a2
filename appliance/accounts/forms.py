"""What admins may write about people, groups and roles."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator

from appliance.accounts.directories.names import same_name
from appliance.accounts.glass import SHORTEST_REASON
from appliance.accounts.making import NewPerson
from appliance.accounts.models import Role, RoleGrant, User
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


class PasswordForm(forms.Form):
    """A password that an admin gives; the rules are those for everybody."""

    password = forms.CharField(
        label="Password",
        max_length=1000,
        strip=False,
        help_text="At least 12 characters. Tell it to the person by a safe way; they can change it.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User | None = None, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password, self.user)
        return password


class NewPersonForm(PasswordForm):
    """A local account."""

    username = forms.CharField(
        label="User name",
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off"}),
    )
    first_name = forms.CharField(label="First name", max_length=150, required=False)
    last_name = forms.CharField(label="Last name", max_length=150, required=False)
    email = forms.EmailField(label="E-mail address", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        order = ["username", "first_name", "last_name", "email", "password"]
        super().__init__(*args, field_order=order, **kwargs)

    def clean_username(self) -> str:
        """Refuse a name that differs from another in case, accents or width alone."""
        name = str(User.normalize_username(self.cleaned_data["username"]))
        taken = User.objects.values_list("username", flat=True)
        if same_name(name) in {same_name(one) for one in taken.iterator()}:
            raise forms.ValidationError("Somebody has this name, or one that looks like it.")
        return name

    def person(self) -> NewPerson:
        return NewPerson(**self.cleaned_data)


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic when it runs
    """How a local account is shown; the user name stays what it is."""

    class Meta:
        model = User
        fields = ("first_name", "last_name", "email")


class GroupForm(forms.Form):
    """The name of a group, new or not."""

    name = forms.CharField(
        label="Name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, group: Group | None = None, **kwargs: Any) -> None:
        self.group = group
        kwargs.setdefault("initial", {"name": group.name} if group else None)
        super().__init__(*args, **kwargs)

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        others = Group.objects.exclude(pk=self.group.pk) if self.group else Group.objects.all()
        if others.filter(name__iexact=name).exists():
            raise forms.ValidationError("Another group has this name: choose another one.")
        return name


class GlassForm(forms.Form):
    """Why somebody needs to read what nobody granted them."""

    reason = forms.CharField(
        label="Reason",
        min_length=SHORTEST_REASON,
        max_length=1000,
        help_text="Every admin reads it, and it stays in the record.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
