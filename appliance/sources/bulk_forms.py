"""What people may write about credentials and about many sources at once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import UploadedFile

from appliance.sources import bulk
from appliance.sources.forms import (
    PLAIN_ATTRIBUTES,
    name_field,
    secret_field,
    shared_credential_field,
    username_field,
)
from indexer.errors import FetchRefused
from indexer.fetching.values import Credential, SshKey
from indexer.hosting.listing import HOSTS
from indexer.hosting.values import Wanted

LONGEST_LIST = 1_000_000  # characters


class SecretArea(forms.Textarea):
    """A text area that is never filled again with what was written into it."""

    def format_value(self, value: Any) -> None:
        return None


class SecretForm(forms.Form):
    """A token with its user name, or a private key."""

    username = username_field("For a token that belongs to one. Empty: git.")
    secret = secret_field()
    private_key = forms.CharField(
        label="Or an ssh private key",
        required=False,
        max_length=20_000,
        help_text="Without a passphrase, for addresses that begin with ssh:// or git@.",
        widget=SecretArea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        secret, key = given.get("secret"), given.get("private_key")
        if bool(secret) == bool(key):
            raise forms.ValidationError("Enter an access token or a private key: one of them.")
        if key and "PRIVATE KEY-----" not in key:
            self.add_error("private_key", "This is not a private key in PEM or OpenSSH form.")
            return given
        try:
            given["credential"] = (
                SshKey(key.replace("\r\n", "\n"))
                if key
                else Credential(given.get("username") or "git", secret or "")
            )
        except FetchRefused as exc:
            self.add_error("secret", str(exc))
        return given


class NewCredentialForm(SecretForm):
    name = name_field("Such as gitlab-reader. People who connect sources choose it by this name.")
    field_order = ("name", "username", "secret", "private_key")


class ListForm(forms.Form):
    """A list of addresses, pasted or as a file."""

    text = forms.CharField(
        label="List",
        required=False,
        max_length=LONGEST_LIST,
        help_text="One a line: address, then if you like a name and the branches or tags to "
        "follow. Lines that begin with # are left out. Or CSV with the header url,name,refs.",
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false", "class": "mono"}),
    )
    file = forms.FileField(label="Or a file", required=False, help_text="Text or CSV in UTF-8.")
    shared_credential = shared_credential_field(help_text="For all of them.")

    def clean(self) -> dict[str, Any]:
        """Read the list into `lines`."""
        given = super().clean() or {}
        file: UploadedFile[bytes] | None = given.get("file")
        try:
            text = _text_of(file) if file else given.get("text", "")
            given["lines"] = bulk.read_list(text)
        except bulk.ListRefused as exc:
            raise forms.ValidationError(str(exc)) from exc
        if not given["lines"] and not self.errors:
            raise forms.ValidationError("The list is empty.")
        return given


def _text_of(file: UploadedFile[bytes]) -> str:
    if (file.size or 0) > LONGEST_LIST:
        raise bulk.ListRefused("The file is too large for a list of addresses.")
    try:
        content = bytes(file.read())
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise bulk.ListRefused("The file is not text in UTF-8.") from exc


class ChosenForm(forms.Form):
    """Which credential sources use."""

    shared_credential = shared_credential_field()


class ChosenLinesForm(ChosenForm):
    """The lines of a preview that were left chosen, and who may read them."""

    readers = forms.ModelChoiceField(
        Group.objects.order_by("name"),
        required=False,
        label="May be read by",
        empty_label="Nobody yet",
        help_text="A group, for all that are connected now. Rules can be changed on each source's "
        "page.",
    )


class HostForm(forms.Form):
    """Where to ask for repositories, and for which."""

    kind = forms.ChoiceField(
        label="Kind of server", choices=[(key, host.label) for key, host in HOSTS.items()]
    )
    address = forms.CharField(
        label="Address of the server",
        max_length=1000,
        help_text="Such as https://gitlab.example.com.",
        widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES),
    )
    group = forms.CharField(
        label="Group or organisation",
        max_length=500,
        help_text="As in its address, such as shop or shop/backend. GitLab: with its subgroups.",
        widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES),
    )
    shared_credential = shared_credential_field(
        help_text="Its token decides what is listed, and fetches what is connected."
    )
    name_filter = forms.CharField(
        label="Only names with",
        required=False,
        max_length=200,
        help_text="A part of the path, or a pattern such as shop/*-service.",
        widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES),
    )
    archived = forms.BooleanField(label="Archived ones too", required=False)
    forks = forms.BooleanField(label="Forks too", required=False)

    @property
    def wanted(self) -> Wanted:
        given = self.cleaned_data
        return Wanted(given["archived"], given["forks"], given["name_filter"])
