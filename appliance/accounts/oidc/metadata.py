"""What an OpenID provider says about itself: from its discovery address, or from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt

from appliance.accounts.directories.fetching import NotFetched, fetch_json, why_not_safe
from appliance.accounts.models import Directory

WELL_KNOWN = "/.well-known/openid-configuration"
REQUIRED = ("authorization_endpoint", "token_endpoint")
ENDPOINTS = (*REQUIRED, "jwks_uri", "userinfo_endpoint")


class BadMetadata(Exception):
    """What a provider says about itself cannot be used; says why, for an admin."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What this product uses of a provider's description."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str = ""
    userinfo_endpoint: str = ""
    names_itself: bool = False  # it returns its issuer with each code (RFC 9207)
    methods: tuple[str, ...] = ()  # how a client may authenticate
    challenges: tuple[str, ...] = ()  # PKCE methods that it tells of
    scopes: tuple[str, ...] = ()  # that it tells of
    grants: tuple[str, ...] = ()  # ways to a token that it tells of
    logs_out: bool = False  # it tells when somebody signs out there
    jwks: Mapping[str, Any] | None = None  # keys in the file itself

    @property
    def takes_secret_in_form(self) -> bool:
        """Whether a client secret goes into the form; else, and if it does not say, a header."""
        return "client_secret_post" in self.methods


def metadata_of(directory: Directory) -> Metadata:
    """Return a directory's metadata, asked for anew. Raises NotFetched or BadMetadata."""
    return read_metadata(document_of(directory), directory)


def document_of(directory: Directory) -> Mapping[str, Any]:
    """Return the raw description: the file that an admin gave, or what the provider answers."""
    given = directory.settings.get("metadata")
    if isinstance(given, Mapping):
        return given
    return fetch_json(discovery_address(str(directory.settings.get("issuer", ""))))


def discovery_address(issuer: str) -> str:
    return issuer if "/.well-known/" in issuer else issuer.rstrip("/") + WELL_KNOWN


def read_metadata(document: Mapping[str, Any], directory: Directory) -> Metadata:
    """Check a description against what the admin entered. Raises BadMetadata."""
    issuer = str(document.get("issuer", ""))
    entered = str(directory.settings.get("issuer", ""))
    if issuer.rstrip("/") != entered.partition("/.well-known/")[0].rstrip("/"):
        raise BadMetadata(
            f"It says that its issuer is {issuer or 'nobody'}, but {entered} was entered: enter "
            "the issuer exactly as it says it."
        )
    allowed = {_host(entered), *directory.settings.get("hosts", ())}
    for name in ENDPOINTS:
        _check_endpoint(name, document.get(name), allowed)
    jwks = document.get("jwks")
    if not document.get("jwks_uri") and not isinstance(jwks, Mapping):
        raise BadMetadata("It names no keys: jwks_uri is missing, and so are the keys themselves.")
    return Metadata(
        issuer=issuer,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        methods=_texts(document.get("token_endpoint_auth_methods_supported")),
        challenges=_texts(document.get("code_challenge_methods_supported")),
        scopes=_texts(document.get("scopes_supported")),
        grants=_texts(document.get("grant_types_supported")),
        logs_out=document.get("backchannel_logout_supported") is True,
        jwks=jwks if isinstance(jwks, Mapping) else None,
        **{name: str(document.get(name) or "") for name in ENDPOINTS},
    )


def keys_of(metadata: Metadata) -> jwt.PyJWKSet:
    """Return the provider's present keys. Raises NotFetched or BadMetadata."""
    document = metadata.jwks or fetch_json(metadata.jwks_uri)
    try:
        return jwt.PyJWKSet.from_dict(dict(document))
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, AttributeError) as exc:
        raise BadMetadata(f"Its keys cannot be read: {exc}.") from exc


def _check_endpoint(name: str, address: object, allowed: set[str]) -> None:
    if not address:
        if name in REQUIRED:
            raise BadMetadata(f"It does not name its {name}.")
        return
    if wrong := why_not_safe(str(address)):
        raise BadMetadata(f"Its {name} cannot be used: {wrong}.")
    if _host(str(address)) not in allowed:
        raise BadMetadata(
            f"Its {name} is at {_host(str(address))}, which is neither the issuer's host nor one "
            "of the further hosts of this directory: add it there if it is right."
        )


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(part) for part in value) if isinstance(value, list) else ()


__all__ = ["BadMetadata", "Metadata", "NotFetched", "document_of", "keys_of", "metadata_of"]
