"""What admins may write about code hosts, checked before a flow sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from django import forms
from django.contrib.auth.models import Group

from appliance.accounts.models import Directory, User
from appliance.sources.credentials import token_of
from appliance.sources.forms import PLAIN_ATTRIBUTES
from appliance.sources.grant_forms import PersonField
from appliance.sources.hostaccess.managing import Settings
from appliance.sources.models import CodeHost, HostMember
from indexer import clients
from indexer.errors import LocationRefused
from indexer.fetching.location import parse_location
from indexer.models import SharedCredential


def _group_field(label: str, help_text: str) -> forms.ModelChoiceField[Group]:
    return forms.ModelChoiceField(
        Group.objects.order_by("name"),
        label=label,
        required=False,
        empty_label="Nobody by that alone",
        help_text=help_text,
    )


class CodeHostForm(forms.Form):
    """One server, and how its accounts are recognised as people here."""

    kind = forms.ChoiceField(label="Kind of server", choices=CodeHost.Kind.choices)
    address = forms.CharField(
        label="Address of the server",
        max_length=500,
        help_text="Such as https://gitlab.example.com.",
        widget=forms.TextInput(attrs=PLAIN_ATTRIBUTES),
    )
    credential = forms.ModelChoiceField(
        SharedCredential.objects.all(),
        empty_label="Choose a credential",
        help_text="Its token asks who may read. GitLab: read_api, as a member of the projects. "
        "GitHub: push access. Gitea: as an administrator of the repositories. Bitbucket: may read "
        "them.",
    )
    match = forms.ChoiceField(
        label="People are recognised by",
        choices=CodeHost.Match.choices,
        help_text="Who is not recognised is listed, and reads nothing by it.",
    )
    directory = forms.ModelChoiceField(
        Directory.objects.all(),
        label="Directory whose ids they are",
        required=False,
        empty_label="None",
        help_text="Only for the identity provider's id.",
    )
    internal_group = _group_field(
        "Who reads internal repositories",
        "Open to every account of the host. Choose the group here that has one.",
    )
    public_group = _group_field("Who reads public repositories", "Open to everybody there.")

    def __init__(
        self, posted: Mapping[str, Any] | None = None, *, host: CodeHost | None = None
    ) -> None:
        self.host = host
        kept = {name: getattr(host, name) for name in Settings.__slots__} if host else {}
        super().__init__(posted, initial=kept)

    def clean_address(self) -> str:
        address = str(self.cleaned_data["address"]).strip().rstrip("/")
        if urlsplit(address).scheme not in {"https", "http"}:
            raise forms.ValidationError("The address of a server's API begins with https://.")
        try:
            parse_location(f"{address}/api", clients.location_policy(from_command_line=False))
        except LocationRefused as exc:
            raise forms.ValidationError(str(exc)) from exc
        other = CodeHost.objects.filter(address__iexact=address).first()
        if other is not None and other != self.host:
            raise forms.ValidationError("This server is set up already.")
        return address

    def clean_credential(self) -> SharedCredential:
        credential: SharedCredential = self.cleaned_data["credential"]
        if not token_of(credential):
            raise forms.ValidationError(
                "This is a key for ssh: an API needs a credential with an access token."
            )
        return credential

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        needs_directory = given.get("match") == CodeHost.Match.EXTERNAL_ID
        if needs_directory and not given.get("directory"):
            self.add_error("directory", "Choose the directory whose ids the host keeps.")
        return given

    @property
    def wanted(self) -> Settings:
        given = self.cleaned_data
        return Settings(**{name: given[name] for name in Settings.__slots__})


class AssignForm(forms.Form):
    """Which person here an account of a host is."""

    account_id = forms.CharField(max_length=30, widget=forms.HiddenInput)
    person = PersonField(label="Person here")

    def __init__(self, *args: Any, host: CodeHost, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.host = host

    def clean_account_id(self) -> str:
        """Take only accounts that the host itself told of."""
        account_id = str(self.cleaned_data["account_id"])
        self.account = HostMember.objects.filter(
            access__host=self.host, account_id=account_id
        ).first()
        if self.account is None:
            raise forms.ValidationError("The host tells of no such account any more.")
        return account_id

    @property
    def user(self) -> User:
        return cast(User, self.cleaned_data["person"])
