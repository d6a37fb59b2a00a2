"""API tokens: made, shown once, found again by their hash, used, revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from appliance.accounts.models import ApiToken, OAuthGrant, TokenRight, User
from appliance.audit.acting import Actor
from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from indexer.models import Source

MARK = "plumb_"  # by which scanners of repositories and logs may know one
RANDOM_BYTES = 32
PREFIX_LETTERS = 6  # shown beside the mark; the rest keeps 220 bits
USE_NOTED_EVERY = timedelta(minutes=1)
MOST_ACTIVE = 50  # of one person: whoever makes more has a loop


class TokenRefused(Exception):
    """This token opens nothing. The reason is for the record; who sent it hears no more than that."""

    def __init__(self, reason: str, token: ApiToken | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.token = token


class TokenNotMade(Exception):
    """A token cannot be made as it was asked for; the sentence says why."""


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token at the one moment when its text is known."""

    token: ApiToken
    text: str


def hash_of(text: str) -> str:
    """Return the hash of a token. One round: 256 random bits are not guessed, however fast."""
    return hashlib.sha256(text.encode()).hexdigest()


def new_text() -> str:
    """Return the text of a token that nobody has."""
    return MARK + secrets.token_urlsafe(RANDOM_BYTES)


def create_token(
    user: User,
    *,
    name: str,
    rights: Iterable[TokenRight],
    days: int | None = None,
    sources: Iterable[Source] | None = None,
    text: str = "",
    by: Actor,
    request: HttpRequest | None = None,
) -> NewToken:
    """Make a token of a person; with `sources` it reads nothing but what they may read of these."""
    days = settings.TOKEN_DAYS if days is None else days
    if not 1 <= days <= settings.TOKEN_MAX_DAYS:
        raise TokenNotMade(f"A token is good for 1 to {settings.TOKEN_MAX_DAYS} days.")
    text = text or new_text()
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if active_tokens_of(user).count() >= MOST_ACTIVE:
            raise TokenNotMade(f"You have {MOST_ACTIVE} tokens. Revoke one that is not used.")
        token = ApiToken.objects.create(
            user=user,
            name=name,
            prefix=prefix_of(text),
            hash=hash_of(text),
            rights=sorted(set(rights)),
            is_restricted=sources is not None,
            expires_at=timezone.now() + timedelta(days=days),
        )
        token.sources.set(sources or ())
        record_token(Action.TOKEN_CREATED, token, by, request)
    return NewToken(token, text)


def prefix_of(text: str) -> str:
    """Return the letters that a token is recognised by."""
    return text[: len(MARK) + PREFIX_LETTERS]


def active_tokens_of(user: User) -> QuerySet[ApiToken]:
    return user.api_tokens.filter(revoked_at=None, expires_at__gt=timezone.now())


def find_token(text: str) -> ApiToken:
    """Return the token that this text is, with its person; raises TokenRefused."""
    token = _live(ApiToken.objects.filter(hash=hash_of(text)))
    if (grant := grant_of(token)) and grant.access_ends_at <= timezone.now():
        raise TokenRefused("expired", token)
    return token


def token_again(token_id: int) -> ApiToken:
    """Return a token that was let in before, as it is by now; raises TokenRefused.

    Its text may have been changed for a new one meanwhile: what was begun goes on.
    """
    return _live(ApiToken.objects.filter(pk=token_id))


def grant_of(token: ApiToken) -> OAuthGrant | None:
    """Return what makes a token one of OAuth; None for one that its person made."""
    return getattr(token, "grant", None)


def _live(tokens: QuerySet[ApiToken]) -> ApiToken:
    token = tokens.select_related("user", "grant").first()
    if token is None:
        raise TokenRefused("unknown")
    if token.state != "active":
        raise TokenRefused(token.state, token)
    if not token.user.is_active:
        raise TokenRefused("disabled", token)
    return token


def note_use(token: ApiToken, address: str) -> None:
    """Write down when and from where a token was used, at most once a minute."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
    ApiToken.objects.filter(stale, pk=token.pk).update(
        last_used_at=now, last_used_address=address[:64]
    )


def revoke_token(token: ApiToken, *, by: Actor, request: HttpRequest | None = None) -> bool:
    """End a token from the next request on; False when it was revoked already."""
    with transaction.atomic():
        live = ApiToken.objects.filter(pk=token.pk, revoked_at=None)
        if not live.update(revoked_at=timezone.now()):
            return False
        record_token(Action.TOKEN_REVOKED, token, by, request)
    return True


def revoke_all(user: User, *, by: Actor, request: HttpRequest | None = None) -> int:
    """Revoke every token of a person that still opens something."""
    tokens = active_tokens_of(user)
    return sum(revoke_token(token, by=by, request=request) for token in tokens)


def record_token(action: Action, token: ApiToken, by: Actor, request: HttpRequest | None) -> None:
    """Record what happens to a token, with all that it opens."""
    details: dict[str, object] = {
        "person": token.user.get_username(),
        "prefix": token.prefix,
        "rights": token.rights,
        "expires_at": token.expires_at.isoformat(),
    }
    if token.is_restricted:
        details["sources"] = sorted(token.sources.values_list("name", flat=True))
    target = Target("token", str(token.pk), token.name)
    record(action, actor=by, target=target, request=request, details=details)
