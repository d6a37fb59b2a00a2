"""What letting a program in leaves: a token of its person, whose text is changed every hour."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone

from appliance.accounts.models import ApiToken, OAuthCode, OAuthGrant, TokenRight
from appliance.accounts.tokens import create_token, hash_of, prefix_of, record_token, revoke_token
from appliance.audit.actions import Action

ACCESS_LIFETIME = timedelta(hours=1)
MOST_SPENT = 50  # two days of use; an older copy is just unknown


def new_refresh_text() -> str:
    """Return what a program changes for its next token; scanners may know it by its mark."""
    return f"plumbr_{secrets.token_urlsafe(32)}"


def make_grant(code: OAuthCode, access: str, refresh: str, request: HttpRequest) -> None:
    """Make the token that a code stands for. Raises TokenNotMade.

    What the same program had of the same person before is revoked: it has one token of each.
    """
    earlier = OAuthGrant.objects.filter(program=code.program, token__user=code.user)
    for grant in earlier.filter(token__revoked_at=None).select_related("token__user"):
        revoke_token(grant.token, by=code.user, request=request)
    new = create_token(
        code.user,
        name=code.program.name,
        rights=[TokenRight(right) for right in code.rights],
        days=code.days,
        text=access,
        by=code.user,
        request=request,
    )
    OAuthGrant.objects.create(
        token=new.token,
        program=code.program,
        code_hash=code.hash,
        refresh_hash=hash_of(refresh),
        access_ends_at=timezone.now() + ACCESS_LIFETIME,
    )


def renew(grant: OAuthGrant, access: str, refresh: str, request: HttpRequest) -> None:
    """Give a grant's token its next text; the one before opens nothing any more."""
    token = grant.token
    token.hash, token.prefix = hash_of(access), prefix_of(access)
    token.save(update_fields=["hash", "prefix"])
    grant.spent = [grant.refresh_hash, *grant.spent][:MOST_SPENT]
    grant.refresh_hash = hash_of(refresh)
    grant.access_ends_at = timezone.now() + ACCESS_LIFETIME
    grant.save(update_fields=["spent", "refresh_hash", "access_ends_at"])
    record_token(Action.TOKEN_RENEWED, token, token.user, request)


def find_renewable(refresh: str, client_id: str, request: HttpRequest) -> OAuthGrant | None:
    """Return the grant that this program may renew, locked. One that comes with what is used up
    has a copy, or somebody else has: the token is revoked."""
    hashed = hash_of(refresh)
    ours = OAuthGrant.objects.select_for_update(of=("self",)).select_related("token__user")
    ours = ours.filter(program__client_id=client_id)
    grant = ours.filter(refresh_hash=hashed).first()
    if grant is None:
        revoke_copied(ours.filter(spent__contains=[hashed]).first(), request)
        return None
    is_live = grant.token.state == "active" and grant.token.user.is_active
    return grant if is_live else None


def revoke_copied(grant: OAuthGrant | None, request: HttpRequest) -> None:
    """End a token of which somebody else seems to have a copy."""
    if grant:
        revoke_token(grant.token, by="used twice", request=request)


def revoke_text(text: str, client_id: str, request: HttpRequest) -> None:
    """Revoke what a program hands back, by either of its texts; nothing for one that is not its own."""
    hashed = hash_of(text)
    ours = ApiToken.objects.filter(grant__program__client_id=client_id).select_related("user")
    found = (ours.filter(hash=hashed) | ours.filter(grant__refresh_hash=hashed)).first()
    if found:
        revoke_token(found, by=found.user, request=request)
