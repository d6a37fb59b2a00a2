"""The kinds of directory: for each its form, its test, and what the admin registers elsewhere.

A new kind is a package of its own and one line here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from appliance.accounts.directories.forms import DirectoryForm
from appliance.accounts.directories.steps import Step
from appliance.accounts.ldap.forms import LdapForm
from appliance.accounts.ldap.trying import test_connection as test_ldap
from appliance.accounts.models import Directory
from appliance.accounts.oidc.forms import OidcForm
from appliance.accounts.oidc.testing import test_connection as test_oidc
from appliance.accounts.saml.config import acs_url, entity_id
from appliance.accounts.saml.forms import SamlForm
from appliance.accounts.saml.testing import test_connection as test_saml
from appliance.accounts.scim.setting_up import ScimForm
from appliance.accounts.scim.setting_up import test_connection as test_scim


@dataclass(frozen=True, slots=True)
class Address:
    """One thing that the admin of the provider must enter there."""

    label: str
    value: str
    is_link: bool = False


def _nowhere(directory: Directory) -> str:
    return ""


def _nothing(request: HttpRequest, directory: Directory) -> list[Address]:
    return []


@dataclass(frozen=True, slots=True)
class KindOfDirectory:
    """What the pages need to know about a kind."""

    kind: Directory.Kind
    says: str  # in one line, to choose by
    form: type[DirectoryForm]
    test: Callable[[Directory, str], Iterable[Step]]  # with the name of somebody, or none
    # Where a button of the sign-in page leads; nothing: people use the form there.
    sign_in_address: Callable[[Directory], str] = _nowhere
    to_register: Callable[[HttpRequest, Directory], list[Address]] = _nothing
    tests_by_name: bool = False  # the test finds somebody by name; else attributes are pasted
    signs_in: bool = True  # people come in through it; else it only tells who there is


def _oidc_sign_in(directory: Directory) -> str:
    return reverse("openid_connect_login", args=[directory.slug])


def _oidc_addresses(request: HttpRequest, directory: Directory) -> list[Address]:
    callback = reverse("openid_connect_callback", args=[directory.slug])
    logout = reverse("openid_connect_logout", args=[directory.slug])
    return [
        Address("Redirect address", request.build_absolute_uri(callback)),
        Address("Back-channel logout address", request.build_absolute_uri(logout)),
    ]


def _saml_sign_in(directory: Directory) -> str:
    return reverse("saml_login", args=[directory.slug])


def _saml_addresses(request: HttpRequest, directory: Directory) -> list[Address]:
    return [
        Address("Entity ID (audience)", entity_id(request, directory)),
        Address("Assertion consumer service", acs_url(request, directory)),
        Address("Our metadata as a file", reverse("saml_metadata", args=[directory.slug]), True),
    ]


def _scim_addresses(request: HttpRequest, directory: Directory) -> list[Address]:
    address = request.build_absolute_uri(f"/scim/v2/{directory.slug}")
    return [Address("SCIM address (base URL)", address)]


KINDS = {
    kind.kind: kind
    for kind in (
        KindOfDirectory(
            kind=Directory.Kind.OIDC,
            says="Entra ID, Okta, Keycloak, Google, Ping and most others: the one to choose first.",
            form=OidcForm,
            test=lambda directory, _: test_oidc(directory),
            sign_in_address=_oidc_sign_in,
            to_register=_oidc_addresses,
        ),
        KindOfDirectory(
            kind=Directory.Kind.SAML,
            says="For providers without OpenID Connect, such as AD FS and Shibboleth.",
            form=SamlForm,
            test=lambda directory, _: test_saml(directory),
            sign_in_address=_saml_sign_in,
            to_register=_saml_addresses,
        ),
        KindOfDirectory(
            kind=Directory.Kind.LDAP,
            says="OpenLDAP, FreeIPA, Active Directory: people type their name and password here.",
            form=LdapForm,
            test=test_ldap,
            tests_by_name=True,
        ),
        KindOfDirectory(
            kind=Directory.Kind.SCIM,
            says="For a provider that only sends people and groups. Where they sign in through it "
            "too, choose OpenID Connect or SAML: each takes SCIM beside it.",
            form=ScimForm,
            test=lambda directory, _: test_scim(directory),
            to_register=_scim_addresses,
            signs_in=False,
        ),
    )
}


def kind_of(directory: Directory) -> KindOfDirectory:
    return KINDS[Directory.Kind(directory.kind)]
