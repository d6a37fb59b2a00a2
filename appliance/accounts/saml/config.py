"""A directory in the words of python3-saml, everything strict."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from appliance.accounts.models import Directory
from appliance.accounts.saml.metadata import PERSISTENT, read_idp


def acs_url(request: HttpRequest, directory: Directory) -> str:
    """Return where the provider sends its responses."""
    return request.build_absolute_uri(reverse("saml_acs", args=[directory.slug]))


def entity_id(request: HttpRequest, directory: Directory) -> str:
    """Return how the provider knows this appliance: the address of our metadata."""
    return request.build_absolute_uri(reverse("saml_metadata", args=[directory.slug]))


def auth_for(request: HttpRequest, directory: Directory, response: str = "") -> OneLogin_Saml2_Auth:
    """Return the library's view of one request. Raises saml.metadata.BadMetadata."""
    seen = {
        "https": "on" if request.is_secure() else "off",
        "http_host": request.get_host(),  # which Django has compared with PLUMBLINE_HOSTS
        "script_name": reverse("saml_acs", args=[directory.slug]),
        "get_data": {},
        "post_data": {"SAMLResponse": response} if response else {},
    }
    return OneLogin_Saml2_Auth(seen, _settings(request, directory))


def sp_metadata(request: HttpRequest, directory: Directory) -> bytes:
    """Return the description of this appliance that the provider's admin imports."""
    settings = OneLogin_Saml2_Settings(_settings(request, directory), sp_validation_only=True)
    found = settings.get_sp_metadata()
    return found if isinstance(found, bytes) else str(found).encode()


def _settings(request: HttpRequest, directory: Directory) -> dict[str, Any]:
    kept = directory.settings
    idp = read_idp(str(kept.get("metadata", "")), str(kept.get("entity_id", "")))
    return {
        "strict": True,
        "debug": False,
        "security": {
            "wantAssertionsSigned": True,
            "wantMessagesSigned": True,
            "rejectDeprecatedAlgorithm": True,
            "wantNameId": True,
            "wantAttributeStatement": False,
            "allowRepeatAttributeName": True,
            "requestedAuthnContext": False,
            "authnRequestsSigned": False,
            "signatureAlgorithm": Constants.RSA_SHA256,
            "digestAlgorithm": Constants.SHA256,
            "allowSingleLabelDomains": True,
        },
        "sp": {
            "entityId": entity_id(request, directory),
            "assertionConsumerService": {
                "url": acs_url(request, directory),
                "binding": Constants.BINDING_HTTP_POST,
            },
            "NameIDFormat": str(kept.get("name_id_format") or PERSISTENT),
        },
        "idp": {
            "entityId": idp.entity_id,
            "singleSignOnService": {
                "url": idp.sso_url,
                "binding": Constants.BINDING_HTTP_REDIRECT,
            },
            "x509certMulti": {"signing": list(idp.certificates)},
        },
    }
