"""Uploaded archives, from the pages that take them in to the worker that makes a commit of them.

On one host the file itself is handed over. Where PLUMBLINE_SHARE_MIRRORS is on, it travels through
the database, because the worker may be another host's.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from indexer import parts
from indexer.models import ArchivePart, Source


@transaction.atomic
def send(source: Source) -> None:
    """Give an uploaded file, which takes the place of any before it, to whichever worker reads it.

    Once that is committed, the file is gone where it went to the database.
    """
    if not settings.SHARE_MIRRORS:
        return
    file = Path(source.location)
    ArchivePart.objects.filter(source=source).delete()
    with file.open("rb") as stream:
        for position, block in parts.cut(stream):
            ArchivePart.objects.create(
                source=source, name=file.name, position=position, content=block
            )
    transaction.on_commit(partial(file.unlink, missing_ok=True))


def receive(source: Source) -> None:
    """Write an archive that was sent where its source says that it lies."""
    file = Path(source.location)
    sent = _parts_of(source)
    if not sent.exists():
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = file.with_name(f"half-{file.name}")
    with half.open("wb") as target:
        for block in parts.contents(sent):
            target.write(block)
    half.replace(file)


def drop(source: Source) -> None:
    """Remove an upload that has become a commit."""
    if source.kind == Source.Kind.ARCHIVE:
        remove_file(source.location)
        _parts_of(source).delete()


def remove_file(location: str) -> None:
    """Remove an upload from this host; a file that an operator named stays."""
    file = Path(location)
    if file.is_relative_to(settings.UPLOADS_DIR):
        file.unlink(missing_ok=True)


def _parts_of(source: Source) -> QuerySet[ArchivePart]:
    return ArchivePart.objects.filter(source=source, name=Path(source.location).name)
