"""A provider says that somebody signed out there: OpenID Connect Back-Channel Logout 1.0.

The provider posts a signed logout token. It ends the sessions here that it names: one, by the
number that the provider gave it (sid), or all of a person's (sub). Tokens for programs stay, as
they are no part of a session: see renewing.py for who left the company.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import jwt
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from appliance.accounts.directories.claims import storable
from appliance.accounts.models import Directory, SeenAssertion
from appliance.accounts.oidc.metadata import keys_of, metadata_of
from appliance.accounts.oidc.tokens import LEEWAY_S, TokenRefused, signed_claims
from appliance.accounts.sessions import end_sessions
from appliance.accounts.targets import actor_of

EVENT = "http://schemas.openid.net/event/backchannel-logout"
KINDS = {"logout+jwt", "jwt"}  # the first is right; older providers name none or the second
LONGEST_TOKEN = 16 * 1024
LONGEST_LIFE_S = 3600  # a provider says minutes; what is good for years must be kept for years
DIRECTORY, SID = "directory", "sid"  # what is kept beside a session


def note_session(request: HttpRequest, directory: Directory, sid: str) -> None:
    """Keep with a session which directory let its person in, and the number that it gave it."""
    request.session.save()  # allauth forgets rows of sessions that are not stored yet
    UserSession.objects.create_from_request(request)  # one for each session: made or found
    kept = {DIRECTORY: directory.pk, SID: sid}
    UserSession.objects.filter(session_key=request.session.session_key).update(data=kept)


def log_out(directory: Directory, token: str, request: HttpRequest) -> int:
    """End what a logout token names, and return how many sessions that were.

    Raises TokenRefused, NotFetched or BadMetadata.
    """
    _check_before_asking(directory, token)
    metadata = metadata_of(directory)
    claims = signed_claims(
        token,
        keys_of(metadata),
        issuer=metadata.issuer,
        client_id=str(directory.settings.get("client_id", "")),
        required=("iss", "aud", "iat", "exp", "jti", "events"),
    )
    _check_logout(claims)
    with transaction.atomic():
        _use_once(directory, claims)
        named = _sessions_of(directory, claims).select_related("user")
        return end_sessions(list(named), by=actor_of(directory), request=request)


def _check_before_asking(directory: Directory, token: str) -> None:
    """Refuse what cannot be right: the provider is not asked for its keys by whoever posts."""
    if not token or len(token) > LONGEST_TOKEN:
        raise TokenRefused("the logout token is missing or too long")
    try:
        kind = jwt.get_unverified_header(token).get("typ") or "JWT"
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError as exc:
        raise TokenRefused("the logout token cannot be read") from exc
    if str(kind).lower().removeprefix("application/") not in KINDS:
        raise TokenRefused(f"the token is of another kind ({str(kind)[:30]})")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if directory.settings.get("client_id") not in named:
        raise TokenRefused("the logout token was made for another client")


def _check_logout(claims: Mapping[str, Any]) -> None:
    events = claims["events"]
    if not isinstance(events, Mapping) or not isinstance(events.get(EVENT), Mapping):
        raise TokenRefused("the token is no logout token (events)")
    if "nonce" in claims:
        raise TokenRefused("the token is no logout token (it has a nonce)")
    named = [claims.get("sub"), claims.get("sid")]
    if not any(named) or not all(one is None or _is_text(one) for one in named):
        raise TokenRefused("the logout token names neither a person nor a session")
    if not _is_text(claims["jti"]) or not claims["jti"]:
        raise TokenRefused("the logout token has no number of its own (jti)")
    if int(claims["exp"]) - int(claims["iat"]) > LONGEST_LIFE_S:
        raise TokenRefused("the logout token is good for too long")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and storable(value) == value


def _use_once(directory: Directory, claims: Mapping[str, Any]) -> None:
    number = hashlib.sha256(b"logout\0" + claims["jti"].encode()).hexdigest()
    ends = datetime.fromtimestamp(int(claims["exp"]) + LEEWAY_S, UTC)
    _, is_new = SeenAssertion.objects.get_or_create(
        directory=directory, assertion_id=number, defaults={"expires_at": ends}
    )
    if not is_new:
        raise TokenRefused("replay: the logout token was used before")


def _sessions_of(directory: Directory, claims: Mapping[str, Any]) -> QuerySet[UserSession]:
    sessions: QuerySet[UserSession] = UserSession.objects.filter(data__directory=directory.pk)
    if claims.get("sid"):
        sessions = sessions.filter(data__sid=claims["sid"])
    if claims.get("sub"):
        people = directory.identities.filter(subject=claims["sub"]).values("user")
        sessions = sessions.filter(user__in=people)
    return sessions
