"""What an admin enters about a directory, whatever its kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.utils.text import slugify

from appliance.accounts.directories import claims
from appliance.accounts.directories.lapsing import HOURS
from appliance.accounts.mapping import AS_NAMED
from appliance.accounts.models import Directory

MATCH_CHOICES = [
    ("", "Nobody: SCIM brings nobody here, or people are recognised by their subject only"),
    ("user_name", "SCIM's userName"),
    ("external_id", "SCIM's externalId"),
]


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together, under a heading."""

    title: str
    fields: tuple[forms.BoundField, ...]
    says: str = ""
    is_row: bool = False  # short fields stand beside each other where there is room


class DirectoryForm(forms.Form):
    """Settings that each kind has; a kind adds its own and says what it seals."""

    defaults: ClassVar[dict[str, Any]] = {}  # of the settings, for a new directory
    write_only_field: ClassVar[str] = ""  # is sealed, and never shown again
    own_fields: ClassVar[tuple[str, ...]] = ()  # shown first; settings of these names
    common_fields: ClassVar[tuple[str, ...]] = (
        claims.USER_NAME,
        claims.EMAIL,
        claims.FIRST_NAME,
        claims.LAST_NAME,
        claims.GROUPS,
        AS_NAMED,
        claims.MATCH_ATTRIBUTE,
        claims.MATCH_FIELD,
    )

    name = forms.CharField(
        label="Name", max_length=100, help_text="As the sign-in page shows it: “Acme account”."
    )
    creates_people = forms.BooleanField(
        label="Make an account for whoever signs in for the first time",
        required=False,
        help_text="Off: only people whom SCIM or a sync brought get in.",
    )
    user_name_attribute = forms.CharField(label="User name", required=False, max_length=200)
    email_attribute = forms.CharField(label="E-mail address", required=False, max_length=200)
    first_name_attribute = forms.CharField(label="First name", required=False, max_length=200)
    last_name_attribute = forms.CharField(label="Last name", required=False, max_length=200)
    groups_attribute = forms.CharField(
        label="Attribute that holds the groups",
        required=False,
        max_length=200,
        help_text="Empty: this directory says nothing about groups at sign-in.",
    )
    groups_as_named = forms.BooleanField(
        label="Groups without a mapping become groups of the same name here", required=False
    )
    match_attribute = forms.CharField(
        label="Attribute by which to recognise people whom SCIM brought",
        required=False,
        max_length=200,
    )
    match_field = forms.ChoiceField(label="Compared with", required=False, choices=MATCH_CHOICES)

    def __init__(self, *args: Any, directory: Directory, **kwargs: Any) -> None:
        self.directory = directory
        kept = self.defaults | directory.settings
        kwargs.setdefault(
            "initial",
            kept
            | {
                "name": directory.name,
                "creates_people": directory.creates_people,
            },
        )
        super().__init__(*args, **kwargs)
        for name in self.fields:
            field = self.fields[name]
            if field.help_text:
                field.widget.attrs["aria-describedby"] = f"id_{name}_helptext"
            if not isinstance(field.widget, forms.Textarea):
                field.widget.attrs.setdefault("autocomplete", "off")

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        if Directory.objects.filter(name__iexact=name).exclude(pk=self.directory.pk).exists():
            raise forms.ValidationError("Another directory has this name: choose another one.")
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get(claims.MATCH_FIELD) and not cleaned.get(claims.MATCH_ATTRIBUTE):
            self.add_error(claims.MATCH_ATTRIBUTE, "Enter the attribute that is compared.")
        return cleaned

    def settings(self) -> dict[str, Any]:
        """Return what is kept in the row, without the secret."""
        kept = [name for name in self.own_fields if name != self.write_only_field]
        return {name: self.cleaned_data[name] for name in (*kept, *self.common_fields)}

    def secret(self) -> str | None:
        """Return a new secret; None: the one that is there stays."""
        return (
            self.cleaned_data.get(self.write_only_field) or None if self.write_only_field else None
        )

    def sections(self) -> list[Section]:
        """Return how the page lays the fields out."""
        return [
            Section("The provider", self.named("name", *self.own_fields)),
            Section(
                "What it calls people",
                self.named(*self.common_fields[:4], "creates_people"),
                "The names of the attributes (claims) that tell about a person. They are shown "
                "only: nobody is ever recognised by a name or an e-mail address.",
                is_row=True,
            ),
            Section("Groups", self.named(claims.GROUPS, AS_NAMED)),
            Section(
                "With SCIM beside it",
                self.named(claims.MATCH_ATTRIBUTE, claims.MATCH_FIELD),
                is_row=True,
            ),
        ]

    def named(self, *names: str) -> tuple[forms.BoundField, ...]:
        return tuple(self[name] for name in names)


class VouchingForm(DirectoryForm):
    """Of a provider that vouches for who comes, and does not tell by itself who left."""

    of_leaving: ClassVar[tuple[str, ...]] = (HOURS,)

    sign_in_hours = forms.IntegerField(
        label="Hours after which people have to sign in there again",
        required=False,
        min_value=1,
        max_value=24 * 365,
        help_text="Until they do, they are shut out, and their tokens open nothing. Empty: a "
        "browser stays signed in for two weeks, a token to its end.",
    )

    def sections(self) -> list[Section]:
        provider, *others = super().sections()
        first = [field for field in provider.fields if field.name not in self.of_leaving]
        leaving = Section("Who left", self.named(*self.of_leaving))
        return [Section(provider.title, tuple(first)), *others, leaving]


def free_slug(name: str) -> str:
    """Return an address for a new directory; it never changes, for it is registered elsewhere."""
    base = slugify(name)[:50] or "directory"
    taken = set(Directory.objects.values_list("slug", flat=True))
    slug, number = base, 1
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug
