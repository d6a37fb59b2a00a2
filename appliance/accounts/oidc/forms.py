"""What an admin enters about an OpenID provider."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django import forms

from appliance.accounts.directories.fetching import why_not_safe
from appliance.accounts.directories.forms import VouchingForm
from appliance.accounts.directories.lapsing import HOURS
from appliance.accounts.models import Directory
from appliance.accounts.oidc.metadata import BadMetadata, read_metadata
from appliance.accounts.oidc.renewing import EVERY_S, RENEWS

LONGEST_METADATA = 200_000


class OidcForm(VouchingForm):
    """The issuer and our registration there; its description may come as a file."""

    write_only_field = "client_secret"
    of_leaving = (RENEWS, EVERY_S, HOURS)
    own_fields = (
        "issuer",
        "client_id",
        "client_secret",
        "scopes",
        "hosts",
        "metadata",
        "skip_userinfo",
        *of_leaving,
    )
    defaults: ClassVar[dict[str, Any]] = {
        "user_name_attribute": "preferred_username",
        "email_attribute": "email",
        "first_name_attribute": "given_name",
        "last_name_attribute": "family_name",
    }

    issuer = forms.CharField(
        label="Issuer",
        max_length=500,
        help_text="The address that the provider calls itself by. Its description is read from "
        "/.well-known/openid-configuration below it.",
    )
    client_id = forms.CharField(label="Client ID", max_length=500)
    client_secret = forms.CharField(
        label="Client secret",
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Sealed when stored, and never shown again. Empty: what is stored stays; public "
        "clients have none.",
    )
    metadata = forms.CharField(
        label="Description as JSON",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="Only where this appliance cannot reach the address above: paste what stands "
        "there. Its keys may stand in it as “jwks”.",
    )
    hosts = forms.CharField(
        label="Further hosts",
        required=False,
        max_length=1000,
        help_text="Hosts beside the issuer's where its endpoints may be, separated by spaces: "
        "Google needs oauth2.googleapis.com, www.googleapis.com and openidconnect.googleapis.com.",
    )
    scopes = forms.CharField(
        label="Further scopes",
        required=False,
        max_length=500,
        help_text="Beside openid, profile and email, separated by spaces: often “groups”.",
    )
    skip_userinfo = forms.BooleanField(
        label="Read the ID token only, and do not ask the userinfo endpoint", required=False
    )

    renews = forms.BooleanField(
        label="Ask the provider again about everybody who is at work here",
        required=False,
        help_text="Whoever is disabled there or leaves a group is out within seconds. The provider "
        "must give refresh tokens: most want “offline_access” among the further scopes. Whom it "
        "no longer renews is shut out until they sign in again.",
    )
    renew_seconds = forms.IntegerField(
        label="Seconds between two questions about one person",
        required=False,
        min_value=0,
        max_value=3600,
        help_text="Empty: at each look, every five seconds. Providers in the cloud limit how often "
        "they may be asked: 60 is kind to them.",
    )

    def __init__(self, *args: Any, directory: Directory, **kwargs: Any) -> None:
        super().__init__(*args, directory=directory, **kwargs)
        kept = directory.settings
        self.initial["hosts"] = " ".join(kept.get("hosts", ()))
        self.initial["scopes"] = " ".join(kept.get("scopes", ()))
        given = kept.get("metadata")
        self.initial["metadata"] = json.dumps(given, indent=2) if given else ""

    def clean_issuer(self) -> str:
        issuer = str(self.cleaned_data["issuer"]).strip()
        if wrong := why_not_safe(issuer):
            raise forms.ValidationError(f"This issuer cannot be used: {wrong}.")
        return issuer

    def clean_hosts(self) -> list[str]:
        return sorted({host.lower() for host in self.cleaned_data["hosts"].split()})

    def clean_scopes(self) -> list[str]:
        return list(dict.fromkeys(self.cleaned_data["scopes"].split()))

    def clean_metadata(self) -> dict[str, Any] | None:
        text = self.cleaned_data["metadata"].strip()
        if not text:
            return None
        try:
            found = json.loads(text) if len(text) <= LONGEST_METADATA else None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise forms.ValidationError("This is not a JSON object, or too long.")
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("metadata") and cleaned.get("issuer") and "hosts" in cleaned:
            kept = {"issuer": cleaned["issuer"], "hosts": cleaned["hosts"]}
            try:
                read_metadata(cleaned["metadata"], Directory(settings=kept))
            except BadMetadata as exc:
                self.add_error("metadata", str(exc))
        return cleaned
