"""Mirrors of a site with several hosts: each host has its own, and what one fetches all come to have.

The worker that fetched puts what its mirror gained into the database, as git packs with the state
of the refs, before a commit of it goes live. Whoever needs the mirror on another host first takes
what is new there. Packs are merged so that each is at least twice as large as all after it
together, as `git repack --geometric` does: a source has few, and each object is written few times.
Where PLUMBLINE_SHARE_MIRRORS is off, one host does everything, and its mirror is all there is.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from indexer import clients, parts
from indexer.errors import FetchFailed
from indexer.fetching.packs import lines_of, read_refs, refs_of, take_over, write_pack
from indexer.ingestion.jobs import Heartbeat, fence
from indexer.models import MirrorPack, MirrorPart, Source
from indexer.wall import as_appliance

logger = logging.getLogger(__name__)

SMALLEST = 1024**2  # bytes as which a smaller pack counts, so that many small ones become one
STATE = "plumbline-state"  # in a mirror: the key of the site's state that it has
MOST_KEYS = 1000  # of merged states that a pack remembers
# What ends by itself: packs are merged while they are read, another process brings the same ones.
PASSING = {"mirror_incomplete", "mirror_busy"}
WAIT_S, LOOK_S = 10.0, 0.2


def at_hand(source: Source) -> Path:
    """Return the mirror on this host, as new as the site has it.

    Raises FetchFailed when it cannot be brought here now. A source that was never fetched has none.
    """
    mirror = clients.mirror_of(source)
    if settings.SHARE_MIRRORS:
        with as_appliance():
            _catch_up(source, mirror)
    return mirror


def nearest(source: Source) -> Path:
    """Return the mirror on this host as new as it can be had now, for whoever can do without."""
    try:
        return at_hand(source)
    except FetchFailed as failure:
        logger.warning("mirror=%s is not the newest: %s", source.pk, failure)
        return clients.mirror_of(source)


def hand_out(source: Source, heartbeat: Heartbeat) -> None:
    """Give the other hosts what the mirror gained, in one transaction of the job that fetched it.

    Raises LeaseLost when another worker has the job, FetchFailed when git cannot read the mirror.
    """
    if not settings.SHARE_MIRRORS:
        return
    mirror = clients.mirror_of(source)
    refs = refs_of(mirror)
    lines = lines_of(refs)
    # Of most looks nothing comes: the refs of older states, long where there are many, stay there.
    stored = list(source.mirror_packs.defer("refs").order_by("number"))
    if stored and bytes(stored[-1].refs) == lines:
        return
    number = stored[-1].number + 1 if stored else 1
    with tempfile.TemporaryFile(dir=mirror.parent) as file:
        # Before the transaction, which may not stand still while git works.
        kept = _write(file, mirror, set(refs.values()), stored, heartbeat)
        merged = stored[len(kept) :]
        pack = MirrorPack(
            source=source,
            number=number,
            refs=lines,
            size_bytes=file.tell(),
            merged_keys=[key for one in merged for key in (*one.merged_keys, one.key)][-MOST_KEYS:],
        )
        with transaction.atomic():
            fence(heartbeat.job)
            _store(pack, file)
            source.mirror_packs.filter(pk__in=[one.pk for one in merged]).delete()
    _note_state(mirror, pack)
    logger.info("mirror shared source=%s state=%s bytes=%s", source.pk, number, pack.size_bytes)


def _write(
    file: BinaryIO,
    mirror: Path,
    wanted: set[str],
    stored: Sequence[MirrorPack],
    heartbeat: Heartbeat,
) -> Sequence[MirrorPack]:
    """Write the pack; return those that stay beside it, because they are large enough."""
    kept = stored
    while True:
        known = set(read_refs(bytes(kept[-1].refs)).values()) if kept else set()
        file.seek(0)
        file.truncate()
        if not wanted <= known:
            for block in write_pack(mirror, wanted, known, block_bytes=parts.PART_BYTES):
                file.write(block)
                heartbeat.beat("share", file.tell(), 0)
        count, later = len(kept), max(file.tell(), SMALLEST)
        while count and kept[count - 1].size_bytes < 2 * later:
            later += max(kept[count - 1].size_bytes, SMALLEST)
            count -= 1
        if count == len(kept):
            return kept
        kept = kept[:count]


def _store(pack: MirrorPack, file: BinaryIO) -> None:
    pack.save()
    file.seek(0)
    for position, block in parts.cut(file):
        MirrorPart.objects.create(pack=pack, position=position, content=block)


def _catch_up(source: Source, mirror: Path) -> None:
    end = time.monotonic() + WAIT_S
    while not _is_newest(source, mirror):
        try:
            _take_newest(source, mirror)
        except FetchFailed as failure:
            if failure.code not in PASSING or time.monotonic() > end:
                raise
            time.sleep(LOOK_S)


def _is_newest(source: Source, mirror: Path) -> bool:
    newest = source.mirror_packs.order_by("-number").values_list("key", flat=True).first()
    return newest is None or newest == _state(mirror)


def _take_newest(source: Source, mirror: Path) -> None:
    newest = source.mirror_packs.order_by("-number").first()
    if newest is None:  # the source has just been removed
        return
    missing = _missing(source, newest, _state(mirror))
    sizes = missing.order_by("number").values_list("pk", "size_bytes")
    packs = (_contents(pk, size) for pk, size in list(sizes) if size)
    take_over(mirror, packs, read_refs(bytes(newest.refs)))
    _note_state(mirror, newest)
    logger.info("mirror came source=%s state=%s", source.pk, newest.number)


def _missing(source: Source, newest: MirrorPack, have: UUID | None) -> QuerySet[MirrorPack]:
    """Return the packs that a host in this state lacks: all, when nobody knows it any more."""
    packs = source.mirror_packs.filter(number__lte=newest.number)
    if have is None:
        return packs
    if reached := packs.filter(key=have).first():
        return packs.filter(number__gt=reached.number)
    if merged := packs.filter(merged_keys__contains=[have]).first():
        return packs.filter(number__gte=merged.number)
    return packs


def _contents(pack_id: int, size: int) -> Iterator[bytes]:
    """Yield the parts of a pack; raises FetchFailed when it has just been merged into another."""
    for block in parts.contents(MirrorPart.objects.filter(pack_id=pack_id)):
        size -= len(block)
        yield block
    if size:
        raise FetchFailed("mirror_incomplete", "The repository has just changed. Try again.")


def _state(mirror: Path) -> UUID | None:
    try:
        return UUID((mirror / STATE).read_text("ascii"))
    except (OSError, ValueError):
        return None  # what was killed half-way through writing it takes everything again


def _note_state(mirror: Path, pack: MirrorPack) -> None:
    (mirror / STATE).write_text(str(pack.key), "ascii")
