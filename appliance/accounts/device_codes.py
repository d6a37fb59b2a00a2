"""How a program without a browser gets a token (RFC 8628): it shows a code, and its person, signed in
elsewhere, types it in and says what the program may do."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from appliance.accounts.models import DeviceSignIn, TokenRight, User
from appliance.accounts.tokens import NewToken, TokenNotMade, create_token, hash_of
from appliance.audit.actions import Action, Outcome
from appliance.audit.models import Event
from appliance.audit.recording import Target, record

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # without vowels: a code spells no word (RFC 8628, section 6.1)
CODE_LETTERS = 8  # 34 bits, for ten minutes
LIFETIME = timedelta(minutes=10)
SLOWER_S = 5  # is added whenever a program asks too often
BEGUN_WITHIN, MOST_BEGUN = timedelta(minutes=1), 10  # of one address
MOST_WAITING = 1000  # of all
WRONG_WITHIN, MOST_WRONG = timedelta(minutes=5), 10  # of one person
WRONG_CODE = "wrong device code"


class TooMany(Exception):
    """Too many codes were asked for, or guessed, within a short time."""


class CodeUnknown(Exception):
    """No program waits with this code: it is mistyped, used, or older than ten minutes."""


@dataclass(frozen=True, slots=True)
class NewCodes:
    """Both codes at the one moment when they are known."""

    device_code: str
    user_code: str
    sign_in: DeviceSignIn


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a program that asks for its token is told: a token, or why there is none (yet)."""

    error: str = ""
    new: NewToken | None = None


def begin(client: str, address: str) -> NewCodes:
    """Note that a program wants to be let in. Raises TooMany."""
    now = timezone.now()
    DeviceSignIn.objects.filter(expires_at__lt=now).delete()
    lately = DeviceSignIn.objects.filter(address=address[:64], created_at__gt=now - BEGUN_WITHIN)
    if lately.count() >= MOST_BEGUN or DeviceSignIn.objects.count() >= MOST_WAITING:
        raise TooMany("Too many programs ask to be let in. Try again in a minute.")
    device_code = secrets.token_urlsafe(32)
    letters = "".join(secrets.choice(LETTERS) for _ in range(CODE_LETTERS))
    sign_in = DeviceSignIn.objects.create(
        device_hash=hash_of(device_code),
        user_hash=_user_hash(letters),
        client=one_line(client) or "A program",
        address=address[:64],
        expires_at=now + LIFETIME,
    )
    return NewCodes(device_code, f"{letters[:4]}-{letters[4:]}", sign_in)


def find_waiting(user: User, typed: str, request: HttpRequest) -> DeviceSignIn:
    """Return the program that waits with this code. Raises CodeUnknown, and TooMany for a person
    who guesses."""
    wrong = Event.objects.filter(
        action=Action.TOKEN_REFUSED,
        actor_id=user.pk,
        at__gt=timezone.now() - WRONG_WITHIN,
        details__reason=WRONG_CODE,
    )
    if wrong.count() >= MOST_WRONG:
        raise TooMany("Too many wrong codes. Try again in five minutes.")
    letters = "".join(letter for letter in typed.upper() if letter in LETTERS)
    found = DeviceSignIn.objects.filter(user_hash=_user_hash(letters)).first()
    if found is None or not found.is_waiting:
        record_turned_away(user, WRONG_CODE, request)
        raise CodeUnknown("No program waits with this code. Look at it again, or start anew there.")
    return found


def allow(sign_in: DeviceSignIn, user: User, rights: Sequence[TokenRight], days: int) -> None:
    """Let a program in: it fetches its token itself. Raises CodeUnknown when it is too late."""
    waiting = DeviceSignIn.objects.filter(pk=sign_in.pk, user=None, is_refused=False)
    live = waiting.filter(expires_at__gt=timezone.now())
    if not live.update(user=user, rights=list(rights), days=days):
        raise CodeUnknown("The code is used or too old by now. Start anew in the program.")


def refuse(sign_in: DeviceSignIn, user: User, request: HttpRequest) -> None:
    """Turn a program away: it is told so when it asks next."""
    with transaction.atomic():
        DeviceSignIn.objects.filter(pk=sign_in.pk, user=None).update(is_refused=True)
        record_turned_away(user, "device refused", request)


def fetch(device_code: str, request: HttpRequest) -> Fetched:
    """Answer a program that asks for its token; once it has been given, the codes are worth nothing."""
    with transaction.atomic():
        rows = DeviceSignIn.objects.select_for_update(of=("self",)).select_related("user")
        found = rows.filter(device_hash=hash_of(device_code)).first()
        if found is None or found.expires_at <= timezone.now():
            return Fetched("expired_token")
        if found.is_refused:
            found.delete()
            return Fetched("access_denied")
        if _asks_too_often(found):
            return Fetched("slow_down")
        if found.user is None:
            return Fetched("authorization_pending")
        found.delete()
        return _made(found, found.user, request)


def _made(found: DeviceSignIn, user: User, request: HttpRequest) -> Fetched:
    if not user.is_active:
        return Fetched("access_denied")
    try:
        new = create_token(
            user,
            name=found.client,
            rights=[TokenRight(right) for right in found.rights],
            days=found.days,
            by=user,
            request=request,
        )
    except TokenNotMade:
        return Fetched("access_denied")
    return Fetched(new=new)


def _asks_too_often(found: DeviceSignIn) -> bool:
    now = timezone.now()
    too_often = found.polled_at and now - found.polled_at < timedelta(seconds=found.interval_s)
    found.polled_at = now
    if too_often:
        found.interval_s += SLOWER_S
    found.save(update_fields=["polled_at", "interval_s"])
    return bool(too_often)


def _user_hash(letters: str) -> str:
    key = hashlib.sha256(f"device codes {settings.SECRET_KEY}".encode()).digest()
    return hmac.new(key, letters.encode(), "sha256").hexdigest()


def one_line(text: str) -> str:
    """Return what a program calls itself, fit to be shown."""
    return "".join(letter for letter in text if letter.isprintable()).strip()[:100]


def record_turned_away(user: User, reason: str, request: HttpRequest, kind: str = "device") -> None:
    """Record that a person did not let a program in."""
    record(
        Action.TOKEN_REFUSED,
        actor=user,
        target=Target(kind),
        outcome=Outcome.DENIED,
        request=request,
        details={"reason": reason},
    )
