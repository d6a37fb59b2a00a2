"""The settings of an LDAP directory, as an admin writes them."""

from __future__ import annotations

import ssl
from typing import Any, ClassVar

from django import forms
from ldap3.core.exceptions import LDAPException
from ldap3.operation.search import parse_filter

from appliance.accounts.directories.forms import DirectoryForm, Section
from appliance.accounts.ldap.config import Security, read_server
from appliance.accounts.ldap.connection import LOOPBACK
from appliance.accounts.mapping import AS_NAMED
from appliance.accounts.models import Directory

PLAIN = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
BY_PRESET = "What is left empty is as the kind of server has it."
LONG = {"rows": 3, "spellcheck": "false", "class": "mono"}


def _text(label: str, help_text: str = "", *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=1000,
        widget=forms.TextInput(attrs=PLAIN),
    )


class LdapForm(DirectoryForm):
    """What is empty stays as the preset says. The password is taken, and never shown."""

    preset = forms.ChoiceField(
        label="Kind of server",
        choices=[("openldap", "OpenLDAP and alike"), ("ad", "Active Directory")],
        help_text="Chooses filters and attributes; what is written below goes before.",
    )
    servers = forms.CharField(
        max_length=2000,
        widget=forms.Textarea(attrs=LONG),
        help_text="One a line, such as ldap1.example.com:636; tried from the first to the last.",
    )
    security = forms.ChoiceField(
        label="Protection of the way",
        choices=[
            (Security.LDAPS, "LDAPS: TLS from the first byte (port 636)"),
            (Security.START_TLS, "StartTLS (port 389)"),
            (Security.NONE, "None: for a server on this machine only"),
        ],
    )
    ca_pem = forms.CharField(
        label="Certificate of your authority",
        required=False,
        max_length=200_000,
        widget=forms.Textarea(attrs=LONG),
        help_text="In PEM form. Without one, the authorities that this machine trusts count.",
    )
    bind_dn = _text(
        "Service account",
        "Its distinguished name. It needs to read people and groups, nothing else.",
        required=False,
    )
    bind_password = forms.CharField(
        label="Its password",
        required=False,
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Stored sealed. Leave it empty to keep the present one.",
    )
    bind_template = _text(
        "Or: how people bind directly",
        "Such as {name}@corp.example.com. Without a service account nothing is synced: who leaves "
        "a group keeps it until they sign in again.",
        required=False,
    )
    people_base = _text("Where people are", "Such as ou=people,dc=example,dc=com.")
    people_filter = _text("Which entries are people", "A filter.", required=False)
    name_attributes = _text(
        "Attributes of the name that people type",
        "With commas; the first is the user name.",
        required=False,
    )
    subject_attribute = _text(
        "Attribute that never changes", "entryUUID, objectGUID or alike.", required=False
    )
    email_attribute = _text("Attribute of the mail address", required=False)
    groups_base = _text(
        "Where groups are", "Empty: groups are not taken from this directory.", required=False
    )
    groups_filter = _text("Which entries are groups", "A filter.", required=False)
    group_name = _text(
        "What names a group",
        "An attribute such as cn, or dn where names are not unique.",
        required=False,
    )
    member_attribute = _text(
        "Attribute of members", "member, uniqueMember or memberUid.", required=False
    )
    is_nested = forms.BooleanField(
        label="Who is in a group within a group is in both", required=False, initial=True
    )

    # What LDAP tells of people and groups is chosen below, and by the preset.
    user_name_attribute = first_name_attribute = last_name_attribute = None  # type: ignore[assignment]
    groups_attribute = match_attribute = match_field = None  # type: ignore[assignment]

    common_fields: ClassVar[tuple[str, ...]] = (AS_NAMED,)
    write_only_field: ClassVar[str] = "bind_password"
    own_fields: ClassVar[tuple[str, ...]] = (
        "preset",
        "servers",
        "security",
        "ca_pem",
        "bind_dn",
        "bind_template",
        "people_base",
        "people_filter",
        "name_attributes",
        "subject_attribute",
        "email_attribute",
        "groups_base",
        "groups_filter",
        "group_name",
        "member_attribute",
        "is_nested",
    )

    def __init__(self, *args: Any, directory: Directory, **kwargs: Any) -> None:
        kwargs.setdefault("initial", initial_of(directory))
        super().__init__(*args, directory=directory, **kwargs)

    def clean_servers(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["servers"].splitlines()]
        servers = [line for line in lines if line]
        try:
            for server in servers:
                read_server(server, Security.LDAPS)
        except ValueError as exc:
            raise forms.ValidationError(str(exc)) from exc
        return servers

    def clean_ca_pem(self) -> str:
        pem = str(self.cleaned_data["ca_pem"]).strip()
        if pem:
            try:
                ssl.create_default_context(cadata=pem)
            except (ssl.SSLError, ValueError) as exc:
                raise forms.ValidationError(
                    "This is no certificate in PEM form: it begins with -----BEGIN CERTIFICATE-----."
                ) from exc
        return pem

    def clean_name_attributes(self) -> list[str]:
        names = str(self.cleaned_data["name_attributes"]).split(",")
        return [name.strip() for name in names if name.strip()]

    def clean_bind_template(self) -> str:
        template = str(self.cleaned_data["bind_template"]).strip()
        if template and template.count("{name}") != 1:
            raise forms.ValidationError("Write {name} once, where the name of the person goes.")
        return template

    def clean_people_filter(self) -> str:
        return _checked_filter(self.cleaned_data["people_filter"])

    def clean_groups_filter(self) -> str:
        return _checked_filter(self.cleaned_data["groups_filter"])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("bind_dn") and given.get("bind_template"):
            self.add_error("bind_template", "Choose one: a service account, or binding directly.")
        if not given.get("bind_dn") and not given.get("bind_template"):
            self.add_error("bind_dn", "Name a service account, or how people bind directly.")
        has_secret = given.get("bind_password") or self.directory.sealed_secret
        if given.get("bind_dn") and not has_secret:
            self.add_error("bind_password", "The service account needs its password.")
        if given.get("security") == Security.NONE and not self._is_here(given.get("servers", [])):
            self.add_error(
                "security",
                "Without protection passwords would cross the network in plain text: choose LDAPS "
                "or StartTLS.",
            )
        return given

    def sections(self) -> list[Section]:
        return [
            Section("The server", self.named("name", "preset", "servers", "security", "ca_pem")),
            Section(
                "How this appliance signs in there",
                self.named("bind_dn", "bind_password", "bind_template"),
            ),
            Section(
                "People",
                self.named(
                    *("people_base", "people_filter", "name_attributes", "subject_attribute"),
                    *("email_attribute", "creates_people"),
                ),
                BY_PRESET,
                is_row=True,
            ),
            Section(
                "Groups",
                self.named(
                    *("groups_base", "groups_filter", "group_name", "member_attribute"),
                    *("is_nested", AS_NAMED),
                ),
                BY_PRESET,
                is_row=True,
            ),
        ]

    @staticmethod
    def _is_here(servers: list[str]) -> bool:
        return all(read_server(one, Security.NONE).host in LOOPBACK for one in servers)


def initial_of(directory: Directory) -> dict[str, Any]:
    """Return the fields of a directory as they are, without its password."""
    known = directory.settings
    values: dict[str, Any] = {name: known[name] for name in LdapForm.own_fields if name in known}
    values |= {
        "name": directory.name,
        "creates_people": directory.creates_people,
        AS_NAMED: bool(known.get(AS_NAMED)),
    }
    values["servers"] = "\n".join(known.get("servers", []))
    values["name_attributes"] = ", ".join(known.get("name_attributes", []))
    return values


def _checked_filter(text: str) -> str:
    text = text.strip()
    if text:
        try:
            parse_filter(text, None, True, True, None, False)
        except LDAPException as exc:
            raise forms.ValidationError(
                "This is no filter of LDAP: check its parentheses, as in (objectClass=person)."
            ) from exc
    return text
