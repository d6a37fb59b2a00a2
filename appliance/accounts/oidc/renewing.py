"""Asks an OpenID provider, every few seconds, whether who is at work here still is somebody there.

OpenID Connect tells who comes, never who left. But a provider that gave a refresh token at sign-in
renews it only for who may still sign in, and tells their groups anew. Whom it does not renew is
shut out until they sign in again: their tokens then count again, for a refresh token may also end
because it is old.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from appliance.accounts.directories.claims import told_by
from appliance.accounts.directories.fetching import NotFetched, fetch_json
from appliance.accounts.directories.lapsing import lapse
from appliance.accounts.directories.working import GLANCE_LOCK, at_work
from appliance.accounts.mapping import Mapper
from appliance.accounts.memberships import set_memberships
from appliance.accounts.models import Directory, Identity
from appliance.accounts.oidc.asking import ask_for_tokens
from appliance.accounts.oidc.metadata import BadMetadata, Metadata, keys_of, metadata_of
from appliance.accounts.oidc.tokens import TokenRefused, claims_of
from appliance.common.locking import alone
from indexer.errors import FetchRefused
from indexer.sealing import seal_text, unseal_text

logger = logging.getLogger(__name__)

RENEWS, EVERY_S = "renews", "renew_seconds"  # settings of a directory
MOST_TROUBLES = 3  # of one look: then it is the provider's trouble, and nobody else is asked about
LOOK_SECONDS = 4.0  # the rest waits for the next look, those first whose turn was longest ago
# What a provider says when this person has to sign in, or may not; all else is its own trouble.
REFUSALS = {"invalid_grant", "interaction_required", "login_required", "consent_required"}
WHY = "The provider no longer renews this person's sign-in."


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a provider did."""

    renewed: int = 0
    lapsed: int = 0


class NotRenewed(Exception):
    """The provider refuses to renew somebody's sign-in."""


def keep_renewal(directory: Directory, subject: str, refresh_token: str) -> None:
    """Keep what a sign-in brought to ask again with; nothing where the admin wants no asking."""
    if directory.settings.get(RENEWS) and refresh_token:
        directory.identities.filter(subject=subject).update(sealed_renewal=_sealed(refresh_token))


def ask_again(directory: Directory) -> Look | None:
    """Ask about those who are at work; None when nothing can be told now."""
    with alone(GLANCE_LOCK, directory.pk) as is_alone:
        if not is_alone:
            return None
        try:
            return _ask_again(directory)
        except (NotFetched, BadMetadata, FetchRefused) as exc:
            logger.info("directory=%s nobody renewed: %s", directory.slug, exc)
            return None


def _ask_again(directory: Directory) -> Look:
    people = _due(directory)
    if not people:
        return Look()
    provider = _Provider(directory, metadata_of(directory))
    ends, renewed, lapsed, troubles = time.monotonic() + LOOK_SECONDS, 0, 0, 0
    while people and time.monotonic() < ends:
        identity = people.pop(0)
        try:
            _renew(identity, provider)
            renewed += 1
        except NotRenewed:
            lapsed += lapse(identity, WHY)
        except (NotFetched, BadMetadata) as exc:
            troubles += 1
            if troubles == MOST_TROUBLES or not (people or renewed or lapsed):
                raise
            logger.info("directory=%s one not renewed: %s", directory.slug, exc)
            random.shuffle(people)  # so that those who are in trouble hold nobody up for long
    return Look(renewed, lapsed)


def _due(directory: Directory) -> list[Identity]:
    last = timezone.now() - timedelta(seconds=int(directory.settings.get(EVERY_S) or 0))
    people = at_work(directory).exclude(sealed_renewal=b"").filter(seen_at__lte=last)
    return list(people.select_related("user", "directory").order_by("seen_at", "pk"))


class _Provider:
    """One provider during one look."""

    def __init__(self, directory: Directory, metadata: Metadata) -> None:
        self.directory, self.metadata = directory, metadata

    def renew(self, refresh_token: str) -> dict[str, Any]:
        """Return the answer of the token endpoint. Raises NotRenewed or NotFetched."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        status, answer = ask_for_tokens(self.directory, self.metadata, form)
        if status in {400, 401} and answer.get("error") in REFUSALS:
            raise NotRenewed
        if status != 200 or not answer.get("access_token"):
            told = str(answer.get("error", ""))[:100]
            raise NotFetched(f"The token endpoint answered with the status {status} {told}.")
        return answer

    def told(self, answer: Mapping[str, Any], subject: str) -> dict[str, Any] | None:
        """Return what a renewal tells of somebody; None: nothing. Raises NotFetched or BadMetadata."""
        told: dict[str, Any] = {}
        address = self.metadata.userinfo_endpoint
        if address and not self.directory.settings.get("skip_userinfo"):
            told = fetch_json(address, bearer=str(answer["access_token"]))
        if answer.get("id_token"):
            told |= self._claims(str(answer["id_token"]))
        if told and told.get("sub") != subject:
            raise BadMetadata("What a renewal tells is about somebody else.")
        return told or None

    def _claims(self, id_token: str) -> dict[str, Any]:
        try:
            return claims_of(
                id_token,
                keys_of(self.metadata),
                issuer=self.metadata.issuer,
                client_id=str(self.directory.settings.get("client_id", "")),
                nonce=None,
            )
        except TokenRefused as exc:
            raise BadMetadata(f"A renewal brought a token that proves nothing: {exc}.") from exc


def _renew(identity: Identity, provider: _Provider) -> None:
    used = bytes(identity.sealed_renewal)
    answer = provider.renew(unseal_text(used, key=settings.SECRET_KEY))
    # At once: many providers take each refresh token only once.
    kept = _sealed(str(answer["refresh_token"])) if answer.get("refresh_token") else used
    same = Identity.objects.filter(pk=identity.pk, sealed_renewal=used)
    same.update(sealed_renewal=kept, seen_at=timezone.now())
    told = provider.told(answer, identity.subject)
    if told is None:
        return
    read = told_by(provider.directory, identity.subject, told)
    Identity.objects.filter(pk=identity.pk).update(attributes=dict(read.attributes or {}))
    if read.groups is not None:
        groups = Mapper(provider.directory).groups_for(read.groups)
        set_memberships(provider.directory, identity.user, groups)


def _sealed(refresh_token: str) -> bytes:
    return seal_text(refresh_token, key=settings.SECRET_KEY)
