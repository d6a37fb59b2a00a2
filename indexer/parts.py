"""Files as rows of the database: cut into parts that are small enough, and put together again."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import BinaryIO, TypeVar

from django.db.models import QuerySet

from indexer.models import ArchivePart, MirrorPart

PART_BYTES = 1024**2

Part = TypeVar("Part", ArchivePart, MirrorPart)


def cut(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the parts of a file from where it stands, each with its position."""
    yield from enumerate(iter(partial(file.read, PART_BYTES), b""))


def contents(parts: QuerySet[Part]) -> Iterator[bytes]:
    """Yield what the parts of one file hold, in order; one row at a time, for a file may be large."""
    for position in count():
        part = parts.filter(position=position).first()
        if part is None:
            return
        yield bytes(part.content)
