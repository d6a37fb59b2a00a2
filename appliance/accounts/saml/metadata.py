"""What a SAML identity provider says about itself, from a file or pasted XML."""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from lxml import etree

from appliance.accounts.directories.fetching import why_not_safe
from appliance.accounts.saml.parsing import BadXml, find, parse

REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


class BadMetadata(Exception):
    """A description of a provider cannot be used; says why, for an admin."""


@dataclass(frozen=True, slots=True)
class IdP:
    """What this product uses of an identity provider's description."""

    entity_id: str
    sso_url: str
    certificates: tuple[str, ...]  # base64 of DER, those that sign


def read_idp(xml: str, entity_id: str = "") -> IdP:
    """Return the provider of a description, or the one of several that is named.

    Raises BadMetadata.
    """
    try:
        root = parse(xml.strip().encode())
    except BadXml as exc:
        raise BadMetadata(f"The metadata cannot be read: {exc}.") from exc
    entity = _chosen(find(root, "descendant-or-self::m:EntityDescriptor"), entity_id)
    role = find(entity, "m:IDPSSODescriptor")[0]
    services = find(role, f"m:SingleSignOnService[@Binding='{REDIRECT}']")
    if not services:
        raise BadMetadata("The metadata names no sign-in address with the binding HTTP-Redirect.")
    sso_url = services[0].get("Location", "")
    if wrong := why_not_safe(sso_url):
        raise BadMetadata(f"The sign-in address {sso_url} cannot be used: {wrong}.")
    return IdP(entity.get("entityID", ""), sso_url, _certificates(role))


def valid_until(certificate: str) -> datetime:
    """Return when a certificate ends. Raises BadMetadata when it is none."""
    try:
        der = b64decode(certificate, validate=True)
        return x509.load_der_x509_certificate(der).not_valid_after_utc
    except (binascii.Error, ValueError) as exc:
        raise BadMetadata(f"A certificate in the metadata cannot be read: {exc}.") from exc


def _chosen(entities: list[etree._Element], entity_id: str) -> etree._Element:
    providers = [entity for entity in entities if find(entity, "m:IDPSSODescriptor")]
    names = [entity.get("entityID", "") for entity in providers]
    if not providers:
        raise BadMetadata("The metadata describes no identity provider (IDPSSODescriptor).")
    if entity_id:
        if names.count(entity_id) != 1:
            raise BadMetadata(f"The metadata does not describe {entity_id}, but {_list(names)}.")
        return providers[names.index(entity_id)]
    if len(providers) > 1:
        raise BadMetadata(
            f"The metadata describes several providers: enter which one, of {_list(names)}."
        )
    return providers[0]


def _certificates(role: etree._Element) -> tuple[str, ...]:
    path = "m:KeyDescriptor[not(@use='encryption')]/s:KeyInfo/s:X509Data/s:X509Certificate"
    found = tuple("".join((node.text or "").split()) for node in find(role, path))
    if not found:
        raise BadMetadata("The metadata holds no certificate with which the provider signs.")
    for certificate in found:
        valid_until(certificate)
    return found


def _list(names: list[str]) -> str:
    return ", ".join(names[:10])
