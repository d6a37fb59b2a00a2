"""What an admin does with sources: connect, sync, remove, grant."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Sequence
from functools import partial

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction

from appliance.common.queueing import send
from appliance.sources.models import Grant
from indexer import clients, freshness, sealing
from indexer.errors import FetchFailed, FetchRefused
from indexer.fetching.location import check_ref, parse_location
from indexer.fetching.mirror import delete_mirror
from indexer.fetching.values import Credential, SshKey
from indexer.ingestion import jobs
from indexer.ingestion.reindexing import forget_reading
from indexer.models import Job, Source
from indexer.models.source import NAME_PATTERN
from indexer.tasks import sync_source

logger = logging.getLogger(__name__)

RESERVED_NAMES = {"connect"}  # addresses of pages


class NameRefused(ValueError):
    """The name cannot be given to a source; the message says why."""


def connect(
    location: str,
    *,
    name: str,
    ref_names: Sequence[str] = (),
    credential: Credential | SshKey | None = None,
    from_command_line: bool = False,
) -> Source:
    """Add a source. Raises LocationRefused or NameRefused; nothing is fetched yet."""
    policy = clients.location_policy(from_command_line=from_command_line)
    place = parse_location(location, policy)
    refs = [check_ref(ref) for ref in ref_names]
    if not re.fullmatch(NAME_PATTERN, name):
        raise NameRefused(
            f"{name!r} cannot be a name: use letters, digits, dot, dash and underscore."
        )
    if name.lower() in RESERVED_NAMES:
        raise NameRefused(f"{name} is an address of the product; choose another name.")
    if Source.objects.filter(name=name).exists():
        raise NameRefused(f"There is already a source called {name}.")
    sealed = sealing.seal(credential, key=settings.SECRET_KEY) if credential else None
    return Source.objects.create(
        name=name,
        kind=place.kind,
        location=place.url_or_path,
        ref_names=refs,
        from_command_line=from_command_line,
        credential=sealed,
    )


def request_sync(source: Source) -> Job:
    """Queue a sync; the broker hears of it when the row is committed."""
    with transaction.atomic():
        job = jobs.enqueue(source)
        _publish(job)
    return job


def note_push(source: Source) -> Job | None:
    """Queue a sync because something was pushed; None while the source is paused."""
    with transaction.atomic():
        job = freshness.note_push(source)
        if job is not None:
            _publish(job)
    return job


def _publish(job: Job) -> None:
    jobs.mark_published(job)
    transaction.on_commit(partial(send, sync_source, job.pk))


def renew_hook_secret(source: Source) -> str:
    """Return a new secret for notices of pushes; it is stored sealed and cannot be read again."""
    secret = secrets.token_urlsafe(32)
    source.hook_secret = sealing.seal_text(secret, key=settings.SECRET_KEY)
    source.save(update_fields=["hook_secret"])
    return secret


def hook_secret_of(source: Source) -> str:
    """Return the secret, empty when there is none or it cannot be read any more."""
    if not source.hook_secret:
        return ""
    try:
        return sealing.unseal_text(source.hook_secret, key=settings.SECRET_KEY)
    except FetchRefused:
        return ""


def pause(source: Source) -> None:
    """Stop syncing; what is live stays searchable. A running sync stops within a second or two."""
    Source.objects.filter(pk=source.pk).update(is_paused=True)


def resume(source: Source) -> Job:
    """Go on, with a sync at once."""
    Source.objects.filter(pk=source.pk).update(is_paused=False)
    source.is_paused = False
    return request_sync(source)


def reindex(source: Source) -> Job:
    """Read every file of the source again; what is stored stays searchable until it is replaced."""
    forget_reading(source)
    return request_sync(source)


def remove(source: Source) -> None:
    """Take a source away with its documents, grants and mirror; upkeep prunes the content."""
    mirror = clients.mirror_of(source)
    source.delete()
    try:
        delete_mirror(mirror)
    except FetchFailed:  # a fetch is at work there and about to stop; upkeep comes back for it
        logger.info("mirror=%s is busy", mirror.name)


def set_grant(
    group_name: str, source: Source, path_pattern: str = "", *, allow: bool = True
) -> Grant:
    """Allow or deny a group these paths; the group is made when it is new."""
    group, _ = Group.objects.get_or_create(name=group_name)
    grant, _ = Grant.objects.update_or_create(
        group=group, source=source, path_pattern=path_pattern.strip(), defaults={"allow": allow}
    )
    return grant


def revoke_grant(grant: Grant) -> None:
    grant.delete()
