"""What an admin does with sources: connect, sync, remove."""

from __future__ import annotations

import logging
import re
import secrets
import shutil
from base64 import b64encode
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from appliance.audit.actions import Action
from appliance.common.queueing import send
from appliance.sources import recorded
from indexer import archives, clients, freshness, sealing
from indexer.errors import FetchFailed, FetchRefused
from indexer.evaluation import runs
from indexer.fetching.location import check_ref, parse_location
from indexer.fetching.mirror import delete_mirror
from indexer.fetching.paths import ARCHIVE_ENDINGS
from indexer.fetching.values import Credential, SshKey
from indexer.ingestion import jobs
from indexer.ingestion.reindexing import forget_reading
from indexer.ingestion.withdrawal import look_soon
from indexer.models import Job, SharedCredential, Source
from indexer.models.source import NAME_PATTERN
from indexer.tasks import sync_source

logger = logging.getLogger(__name__)

RESERVED_NAMES = {"connect", "upload"}  # addresses of pages


class NameRefused(ValueError):
    """The name cannot be given to a source; the message says why."""


def connect(
    location: str,
    *,
    name: str,
    ref_names: Sequence[str] = (),
    credential: Credential | SshKey | None = None,
    shared_credential: SharedCredential | None = None,
    exclude_patterns: Sequence[str] = (),
    from_command_line: bool = False,
    is_upload: bool = False,
) -> Source:
    """Add a source. Raises LocationRefused or NameRefused; nothing is fetched yet."""
    policy = clients.location_policy(from_command_line=from_command_line, is_upload=is_upload)
    try:
        place = parse_location(location, policy)
        refs = [check_ref(ref) for ref in ref_names]
        check_name(name)
    except (FetchRefused, NameRefused) as refusal:
        recorded.refused(name, refusal)
        raise
    sealed = sealing.seal(credential, key=settings.SECRET_KEY) if credential else None
    with transaction.atomic():
        source = Source.objects.create(
            name=name,
            kind=place.kind,
            location=place.url_or_path,
            ref_names=refs,
            exclude_patterns=list(exclude_patterns),
            from_command_line=from_command_line,
            credential=sealed,
            shared_credential=shared_credential,
        )
        recorded.of_source(Action.SOURCE_CONNECTED, source, kind=source.kind, refs=refs)
    return source


def check_name(name: str) -> None:
    """Raise NameRefused when a source cannot be called so."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise NameRefused(
            f"{name!r} cannot be a name: use letters, digits, dot, dash and underscore."
        )
    if name.lower() in RESERVED_NAMES:
        raise NameRefused(f"{name} is an address of the product; choose another name.")
    if Source.objects.filter(name=name).exists():
        raise NameRefused(f"There is already a source called {name}.")


def connect_upload(file: BinaryIO, filename: str, *, name: str) -> Source:
    """Add a source made of an uploaded archive. Raises NameRefused or LocationRefused."""
    check_name(name)
    stored = _store_upload(file, filename)
    try:
        source = connect(str(stored), name=name, is_upload=True)
    except Exception:
        stored.unlink(missing_ok=True)
        raise
    archives.send(source)
    return source


def replace_upload(source: Source, file: BinaryIO, filename: str) -> Job:
    """Take a new version of an archive; the old one stays live until the new one has been read."""
    stored = _store_upload(file, filename)
    before = source.location
    with transaction.atomic():
        source.location = str(stored)
        source.save(update_fields=["location"])
        archives.send(source)
        job = request_sync(source)
        recorded.of_source(Action.SOURCE_CHANGED, source, changed=["archive"])
    archives.remove_file(before)
    return job


def _store_upload(file: BinaryIO, filename: str) -> Path:
    """Copy an upload under a name of ours: of the given one only its ending is kept."""
    folder: Path = settings.UPLOADS_DIR
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ending = next(end for end in ARCHIVE_ENDINGS if filename.lower().endswith(end))
    stored = folder / f"{uuid4()}{ending}"
    try:
        with stored.open("xb") as target:
            shutil.copyfileobj(file, target)
    except OSError:
        stored.unlink(missing_ok=True)
        raise
    return stored


def change_settings(
    source: Source,
    *,
    ref_names: Sequence[str],
    exclude_patterns: Sequence[str],
    poll_s: int | None,
    is_open: bool = False,
) -> Job:
    """Store what is followed, left out and how often it is looked at; a sync makes it so."""
    source.ref_names = list(ref_names)
    source.exclude_patterns = list(exclude_patterns)
    source.poll_s = poll_s
    source.is_open = is_open
    source.next_poll_at = timezone.now()
    changed = ["ref_names", "exclude_patterns", "poll_s", "is_open", "next_poll_at"]
    with transaction.atomic():
        source.save(update_fields=changed)
        job = request_sync(source)
        told: dict[str, Any] = {
            "refs": source.ref_names,
            "excluded": source.exclude_patterns,
            "poll_s": poll_s,
            "is_open": is_open,
        }
        recorded.of_source(Action.SOURCE_CHANGED, source, **told)
    return job


def use_credential(source: Source, shared: SharedCredential | None) -> None:
    """Let a source use a shared credential, or none, in the place of whatever it used before."""
    source.shared_credential, source.credential = shared, None
    with transaction.atomic():
        source.save(update_fields=["shared_credential", "credential"])
        look_soon(Source.objects.filter(pk=source.pk))
        name = shared.name if shared else ""
        recorded.of_source(Action.SOURCE_CHANGED, source, credential=name)


def sync_anew(source: Source) -> Job:
    """Queue a sync because somebody asked for it."""
    with transaction.atomic():
        job = request_sync(source)
        recorded.of_source(Action.SOURCE_STEERED, source, steered="sync")
    return job


def request_sync(source: Source) -> Job:
    """Queue a sync; the broker hears of it when the row is committed."""
    with transaction.atomic():
        job = jobs.enqueue(source)
        _publish(job)
    return job


def note_push(source: Source) -> Job | None:
    """Queue a sync because something was pushed; None while the source is paused.

    Of a hundred pushes in a row the broker hears once, so that a broker that does not answer
    holds up one notice and not each of them.
    """
    with transaction.atomic():
        job = freshness.note_push(source)
        # What waited as a look of the schedule stands behind others in the queue: it is sent anew.
        is_late = job is not None and job.reason == Job.Reason.POLL
        if job is not None and (is_late or jobs.waiting().filter(pk=job.pk).exists()):
            _publish(job)
    return job


def _publish(job: Job) -> None:
    jobs.mark_published(job)
    transaction.on_commit(partial(send, sync_source, job.pk))


def renew_hook_secret(source: Source) -> str:
    """Return a new secret for notices of pushes; it is stored sealed and cannot be read again."""
    with transaction.atomic():
        secret = put_new_hook_secret(source)
        recorded.of_source(Action.HOOK_RENEWED, source)
    return secret


def put_new_hook_secret(holder: Source | SharedCredential) -> str:
    """Seal a new secret into the row of its holder, and return it.

    It has the form of a GitLab signing token, 32 bytes behind a prefix, which every other host
    takes as mere text.
    """
    secret = f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"
    holder.hook_secret = sealing.seal_text(secret, key=settings.SECRET_KEY)
    holder.save(update_fields=["hook_secret"])
    return secret


def hook_secret_of(holder: Source | SharedCredential) -> str:
    """Return the secret, empty when there is none or it cannot be read any more."""
    if not holder.hook_secret:
        return ""
    try:
        return sealing.unseal_text(holder.hook_secret, key=settings.SECRET_KEY)
    except FetchRefused:
        return ""


def pause(source: Source) -> None:
    """Stop syncing; what is live stays searchable. A running sync stops within a second or two."""
    with transaction.atomic():
        Source.objects.filter(pk=source.pk).update(is_paused=True)
        recorded.of_source(Action.SOURCE_STEERED, source, steered="pause")


def resume(source: Source) -> Job:
    """Go on, with a sync at once."""
    with transaction.atomic():
        Source.objects.filter(pk=source.pk).update(is_paused=False)
        source.is_paused = False
        job = request_sync(source)
        recorded.of_source(Action.SOURCE_STEERED, source, steered="resume")
    return job


def reindex(source: Source) -> Job:
    """Read every file of the source again; what is stored stays searchable until it is replaced."""
    with transaction.atomic():
        forget_reading(source)
        job = request_sync(source)
        recorded.of_source(Action.SOURCE_STEERED, source, steered="reindex")
    return job


def remove(source: Source) -> None:
    """Take a source away with its documents, grants and mirror; upkeep prunes the content.

    Files go after the row: what is left when we end in between, upkeep finds without an owner.
    """
    mirror = clients.mirror_of(source)
    with transaction.atomic():
        runs.forget_source(source.pk)
        source_id = source.pk
        source.delete()
        recorded.of_source(Action.SOURCE_REMOVED, source, source_id=source_id)
    archives.remove_file(source.location)
    try:
        delete_mirror(mirror)
    except FetchFailed:  # a fetch is at work there and about to stop; upkeep comes back for it
        logger.info("mirror=%s is busy", mirror.name)
