"""A new secret key: everything that is sealed with the old one is sealed anew, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import Model

from appliance.accounts.models import Directory, Identity
from appliance.audit.actions import Action
from appliance.audit.recording import record
from appliance.sources.models import WebhookTarget
from appliance.web import walls
from indexer.errors import FetchRefused
from indexer.models import SharedCredential, Source
from indexer.sealing import reseal

# Where sealed bytes lie, and what they are to people.
COLUMNS: tuple[tuple[type[Model], str, str], ...] = (
    (SharedCredential, "sealed", "shared credential"),
    (Source, "credential", "credential of a source"),
    (Source, "hook_secret", "webhook secret"),
    (SharedCredential, "hook_secret", "webhook secret of a shared credential"),
    (Directory, "sealed_secret", "secret of a directory"),
    (Identity, "sealed_renewal", "refresh token of"),
    (WebhookTarget, "sealed_secret", "secret of somebody's webhook"),
)
FACTOR_PARTS = ("secret", "seed")  # of an authenticator app, of recovery codes


class NothingToRotate(Exception):
    """There is no old key, or it is the present one; the message says what to set."""


@dataclass(slots=True)
class Rotated:
    """How many secrets were sealed anew, and which no key of ours opens."""

    sealed_anew: int = 0
    present: int = 0  # sealed with the present key already
    unreadable: list[str] = field(default_factory=list)


def rotate() -> Rotated:
    """Seal everything anew with the present key; what neither key opens is named and left as it is."""
    old, key = next(iter(settings.SECRET_KEY_FALLBACKS), ""), settings.SECRET_KEY
    if not old or old == key:
        raise NothingToRotate(
            "Set PLUMBLINE_SECRET_KEY to the new key and PLUMBLINE_OLD_SECRET_KEY to the one before."
        )
    rotated = Rotated()
    with transaction.atomic():
        for what, sealed, store in _sealed():
            try:
                anew = reseal(sealed, old=old, key=key)
            except FetchRefused:
                rotated.unreadable.append(what)
                continue
            if anew == sealed:
                rotated.present += 1
            else:
                store(anew)
                rotated.sealed_anew += 1
        record(
            Action.KEY_ROTATED,
            details={"sealed_anew": rotated.sealed_anew, "unreadable": len(rotated.unreadable)},
        )
    walls.put_up()  # the key of the wall is made of the secret key
    return rotated


def _sealed() -> Iterator[tuple[str, bytes, Callable[[bytes], None]]]:
    """Yield everything that is sealed, with what puts it back."""
    for model, column, what in COLUMNS:
        for row in model._default_manager.select_for_update().order_by("pk"):
            if value := getattr(row, column):
                yield f"{what} {row}", bytes(value), _column(row, column)
    for factor in Authenticator.objects.select_for_update().order_by("pk"):
        for part in FACTOR_PARTS:
            if value := factor.data.get(part):
                what = f"second factor of {factor.user.get_username()}"
                yield what, str(value).encode(), _part(factor, part)


def _column(row: Model, column: str) -> Callable[[bytes], None]:
    def store(value: bytes) -> None:
        type(row)._default_manager.filter(pk=row.pk).update(**{column: value})

    return store


def _part(factor: Any, part: str) -> Callable[[bytes], None]:
    def store(value: bytes) -> None:
        factor.data[part] = value.decode()
        factor.save(update_fields=["data"])

    return store
