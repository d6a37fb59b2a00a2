"""What an admin enters about a SAML identity provider."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms

from appliance.accounts.directories.forms import VouchingForm
from appliance.accounts.directories.lapsing import HOURS
from appliance.accounts.saml.metadata import PERSISTENT, BadMetadata, read_idp
from appliance.accounts.saml.responses import SUBJECT

FORMATS = [
    (PERSISTENT, "Persistent: an id that never changes (the right one)"),
    ("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "E-mail address"),
    ("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified", "Whatever the provider sends"),
]


class SamlForm(VouchingForm):
    """The provider's metadata, and by what it identifies people."""

    own_fields = ("metadata", "entity_id", "name_id_format", SUBJECT, HOURS)
    defaults: ClassVar[dict[str, Any]] = {"name_id_format": PERSISTENT}

    metadata = forms.CharField(
        label="Metadata of the provider (XML)",
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text="Paste the file. It holds no secret. Enter it again when the provider's "
        "certificate changes.",
    )
    entity_id = forms.CharField(
        label="Entity ID of the provider",
        required=False,
        max_length=500,
        help_text="Only where the metadata describes several.",
    )
    name_id_format = forms.ChoiceField(label="NameID format to ask for", choices=FORMATS)
    subject_attribute = forms.CharField(
        label="Attribute that identifies people",
        required=False,
        max_length=200,
        help_text="Empty: the NameID. It must never change and never be given to somebody else.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("metadata"):
            try:
                read_idp(cleaned["metadata"], cleaned.get("entity_id", "").strip())
            except BadMetadata as exc:
                self.add_error("metadata", str(exc))
        return cleaned
