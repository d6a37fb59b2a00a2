"""What an admin does with sources: connect, sync, remove, grant."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction

from appliance.sources.models import Grant
from indexer import clients, sealing
from indexer.fetching.location import check_ref, parse_location
from indexer.fetching.mirror import delete_mirror
from indexer.fetching.values import Credential, SshKey
from indexer.ingestion import jobs
from indexer.models import Job, Source
from indexer.models.source import NAME_PATTERN
from indexer.tasks import sync_source


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
        jobs.mark_published(job)
        sync_source.delay_on_commit(job.pk)  # type: ignore[attr-defined]  # Celery's Django task
    return job


def remove(source: Source) -> None:
    """Take a source away with its documents, grants and mirror; upkeep prunes the content."""
    mirror = clients.mirror_of(source)
    source.delete()
    delete_mirror(mirror)


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
