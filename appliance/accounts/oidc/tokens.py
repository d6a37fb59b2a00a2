"""Tests an ID token: who signed it, for whom, for which sign-in, and whether it is still true.

allauth leaves the signature out where the token came over TLS, and knows no nonce. Both are
checked here always: a proxy inside the company may end the TLS.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jwt

# Signatures with a key that only the provider has. None of them can be made with a public key or
# with the client secret, so `none` and HS256 are no way in.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
LEEWAY_S = 60  # two clocks
LONGEST_TOKEN = 64 * 1024


class TokenRefused(Exception):
    """An ID token does not prove what it should; says why, for the record."""


def claims_of(
    token: str, keys: jwt.PyJWKSet, *, issuer: str, client_id: str, nonce: str | None
) -> dict[str, Any]:
    """Return what a token claims once everything about it is right. Raises TokenRefused.

    Without a nonce (None) it is one of a renewal, which belongs to no request of a browser.
    """
    required = ("iss", "sub", "aud", "exp", "iat")
    claims = signed_claims(token, keys, issuer=issuer, client_id=client_id, required=required)
    _check_parties(claims, client_id)
    if nonce is not None and (not nonce or claims.get("nonce") != nonce):
        raise TokenRefused("the ID token belongs to another sign-in (its nonce differs)")
    return claims


def signed_claims(
    token: str, keys: jwt.PyJWKSet, *, issuer: str, client_id: str, required: Iterable[str]
) -> dict[str, Any]:
    """Return what any token claims that the provider signed for this client. Raises TokenRefused."""
    if len(token) > LONGEST_TOKEN:
        raise TokenRefused("the token is too long")
    try:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise TokenRefused(f"the token is signed with {str(algorithm)[:20]}")
        claims: dict[str, Any] = jwt.decode(
            token,
            key=_key_for(header, keys),
            algorithms=[algorithm],
            issuer=issuer,
            audience=client_id,
            leeway=LEEWAY_S,
            options={"require": list(required)},
        )
    except jwt.PyJWTError as exc:
        raise TokenRefused(f"the token is not valid: {exc}") from exc
    return claims


def _key_for(header: dict[str, Any], keys: jwt.PyJWKSet) -> jwt.PyJWK:
    """Return the key that a token names; without a name, the only one there is."""
    signing = [key for key in keys.keys if key.public_key_use in {None, "sig"}]
    named = header.get("kid")
    fitting = [key for key in signing if named is None or key.key_id == named]
    if len(fitting) != 1:
        raise TokenRefused("the token is signed with a key that the provider does not publish")
    return fitting[0]


def _check_parties(claims: dict[str, Any], client_id: str) -> None:
    audience = claims["aud"]
    others = [one for one in audience if one != client_id] if isinstance(audience, list) else []
    if others and claims.get("azp") != client_id:
        raise TokenRefused("the ID token is for several clients and was not made for this one")
    if claims.get("azp") not in {None, client_id}:
        raise TokenRefused("the ID token was made for another client")
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise TokenRefused("the ID token does not say who it is about")
