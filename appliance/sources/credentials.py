"""Credentials that several sources use: added and renewed in one place, never shown again."""

from __future__ import annotations

import re
from copy import copy
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from appliance.audit.actions import Action
from appliance.audit.recording import Target, record
from appliance.sources.managing import put_new_hook_secret
from indexer import sealing
from indexer.fetching.values import Credential, SshKey
from indexer.ingestion.withdrawal import look_soon
from indexer.models import SharedCredential, Source
from indexer.models.source import NAME_PATTERN

SHOWN_NAMES = 10


class CredentialRefused(ValueError):
    """The credential cannot be added or removed; the message says why."""


def add(name: str, credential: Credential | SshKey) -> SharedCredential:
    """Store a credential under a new name, sealed. Raises CredentialRefused."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise CredentialRefused(
            f"{name!r} cannot be a name: use letters, digits, dot, dash and underscore."
        )
    try:
        with transaction.atomic():
            shared = SharedCredential.objects.create(name=name, sealed=_sealed(credential))
            _record(Action.CREDENTIAL_ADDED, shared)
    except IntegrityError as exc:
        raise CredentialRefused(f"There is already a credential called {name}.") from exc
    return shared


def replace(shared: SharedCredential, credential: Credential | SshKey) -> None:
    """Put another secret in its place; every source that uses it has it from the next sync on.

    For those that are hidden because the old one was refused, that is at once.
    """
    shared.sealed = _sealed(credential)
    with transaction.atomic():
        shared.save(update_fields=["sealed"])
        look_soon(shared.sources.all())
        _record(Action.CREDENTIAL_CHANGED, shared)


def remove(shared: SharedCredential) -> None:
    """Forget a credential that no source uses. Raises CredentialRefused with the names of users."""
    try:
        with transaction.atomic():
            gone = copy(shared)
            shared.delete()
            _record(Action.CREDENTIAL_REMOVED, gone)
    except ProtectedError as exc:
        names = sorted(source.name for source in shared.sources.all())
        names += [f"the code host {host}" for host in shared.code_hosts.all()]
        shown = ", ".join(names[:SHOWN_NAMES])
        more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
        raise CredentialRefused(
            f"{shared.name} is used by {shown}{more}. Give them another one, or remove them first."
        ) from exc


def _record(action: Action, shared: SharedCredential) -> None:
    record(action, target=Target("credential", str(shared.pk), shared.name))


def renew_hook_secret(shared: SharedCredential) -> str:
    """Return a new secret for notices of pushes to any source that uses the credential."""
    with transaction.atomic():
        secret = put_new_hook_secret(shared)
        _record(Action.HOOK_RENEWED, shared)
    return secret


def sources_at(shared: SharedCredential, path: str) -> list[Source]:
    """Return the sources that use the credential and lie at this path of their host.

    The host itself is not compared: inside and outside of a network it goes by different names,
    and a notice is only a wake-up. A path of the host may stand before that of the repository.
    """
    wanted = _path_in(path)
    if "/" not in wanted:  # a mere name would be that of many repositories
        return []
    sources = shared.sources.filter(kind=Source.Kind.REMOTE)
    return [
        source
        for source in sources.filter(location__icontains=wanted.rpartition("/")[2])
        if f"/{_path_in(source.location)}".endswith(f"/{wanted}")
    ]


def _path_in(location: str) -> str:
    """Return the path of an address, or a bare path, as hosts compare them."""
    path = urlsplit(location).path if "://" in location else location.rpartition(":")[2]
    return path.strip("/").lower().removesuffix(".git")


def token_of(shared: SharedCredential | None) -> str:
    """Return the access token for a host's API, empty without one or for an ssh key."""
    if shared is None:
        return ""
    credential = sealing.unseal(shared.sealed, key=settings.SECRET_KEY)
    return credential.secret if isinstance(credential, Credential) else ""


def _sealed(credential: Credential | SshKey) -> bytes:
    return sealing.seal(credential, key=settings.SECRET_KEY)
