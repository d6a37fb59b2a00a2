"""Writes what is found of chunks once for each passage: their terms and the definitions in them.

A passage is known by all that is shared of it, told by the worker itself: a reading child that a
hostile file has taken over can make passages of its own, and none that another file would share.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from uuid import UUID

import msgspec
import numpy as np
from django.db import connection

from indexer.confined.protocol import Answer
from indexer.ingestion.postings import add_postings
from indexer.lexical.entries import Occurrences
from indexer.models import Chunk, Passage, PassageDefinition

KNOWN = """
SELECT identity, id
  FROM indexer_passage
 WHERE identity = ANY(%(identities)s::uuid[])
 ORDER BY id
   FOR KEY SHARE
"""
# In one order, so that two writers never wait for each other.
INSERT = """
INSERT INTO indexer_passage (id, identity)
SELECT entry.*
  FROM unnest(%(ids)s::bigint[], %(identities)s::uuid[]) AS entry(id, identity)
 ORDER BY entry.identity
    ON CONFLICT (identity) DO NOTHING
RETURNING identity, id
"""
RESERVE = """
SELECT nextval(pg_get_serial_sequence('indexer_passage', 'id')) FROM generate_series(1, %s)
"""
COPY_DEFINITIONS = (
    'COPY indexer_passagedefinition (passage_id, name, qualified, kind, start, "end", signature)'
    " FROM STDIN"
)
DROP_UNUSED = """
DELETE FROM indexer_passage AS passage
 WHERE passage.id = ANY(%(ids)s::bigint[])
   AND NOT EXISTS (SELECT 1 FROM indexer_chunk AS chunk WHERE chunk.passage_id = passage.id)
"""

Inside = tuple[str, str, str, int, int, str]  # name, qualified, kind, start, end, signature


def add_passages(source_id: int, answers: Sequence[Answer]) -> list[int]:
    """Write the passages that are new; return that of each chunk, one answer after the other."""
    found = _occurrences(answers)
    definitions = [inside for answer in answers for inside in _definitions(answer)]
    identities = _identities(found, definitions)
    places: dict[UUID, int] = {}
    for place, identity in enumerate(identities):
        places.setdefault(identity, place)
    numbers, new = _numbered(list(places))
    id_of_place = np.zeros(len(identities), dtype=np.int64)
    for identity in new:
        id_of_place[places[identity]] = numbers[identity]
    _write_definitions(id_of_place.tolist(), definitions)
    passages = id_of_place[found.ids]
    kept = passages > 0
    ids = np.sort(id_of_place[id_of_place > 0])
    written = Occurrences(found.terms[kept], passages[kept], found.frequencies[kept])
    add_postings(source_id, written, ids)
    return [numbers[identity] for identity in identities]


def passages_of(blob_ids: Sequence[int]) -> list[int]:
    """Return the passages that blobs hold: to be dropped, perhaps, once their chunks are gone."""
    chunks = Chunk.objects.filter(blob_id__in=blob_ids)
    return sorted(set(chunks.values_list("passage_id", flat=True)))


def drop_passages(ids: Sequence[int]) -> None:
    """Take away those of these passages that no chunk holds any more; sweeping ends their postings."""
    # Locked first and looked at afterwards: whoever shares one meanwhile is waited for.
    list(Passage.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))
    PassageDefinition.objects.filter(passage_id__in=ids, passage__chunks=None)._raw_delete(
        "default"
    )
    with connection.cursor() as cursor:
        cursor.execute(DROP_UNUSED, {"ids": list(ids)})


def _occurrences(answers: Sequence[Answer]) -> Occurrences:
    """Put the answers' postings together, with places among all chunks for ordinals."""
    terms, chunks, frequencies = [], [], []
    first = 0
    for answer in answers:
        sizes = np.frombuffer(answer.sizes, np.int32)
        terms.append(np.repeat(np.frombuffer(answer.terms, np.int64), sizes))
        chunks.append(first + np.frombuffer(answer.ordinals, np.int32).astype(np.int64))
        frequencies.append(np.frombuffer(answer.frequencies, np.int16).astype(np.int64))
        first += len(answer.chunks)
    if not terms:
        nothing = np.empty(0, dtype=np.int64)
        return Occurrences(nothing, nothing, nothing)
    return Occurrences(np.concatenate(terms), np.concatenate(chunks), np.concatenate(frequencies))


def _definitions(answer: Answer) -> list[list[Inside]]:
    """Return the definitions of each chunk: those that begin in it, by lines after its first one."""
    starts = [chunk.start_line for chunk in answer.chunks]
    inside: list[list[Inside]] = [[] for _ in starts]
    for one in answer.definitions if starts else ():
        at = max(bisect_right(starts, one.start_line) - 1, 0)
        first, last = one.start_line - starts[at], one.end_line - starts[at]
        inside[at].append((one.name, one.qualified, one.kind, first, last, one.signature))
    return inside


def _identities(found: Occurrences, definitions: Sequence[Sequence[Inside]]) -> list[UUID]:
    """Return what each chunk's passage is known by: a digest of all that is shared."""
    order = np.lexsort((found.terms, found.ids))
    terms = found.terms[order].tobytes()
    frequencies = found.frequencies[order].tobytes()
    ends = np.searchsorted(found.ids[order], np.arange(len(definitions) + 1)) * 8
    identities: list[UUID] = []
    for inside, begin, end in zip(definitions, ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        digest = blake2b(terms[begin:end], digest_size=16)
        digest.update(frequencies[begin:end])
        digest.update(msgspec.msgpack.encode(inside))
        identities.append(UUID(bytes=digest.digest()))
    return identities


def _numbered(identities: Sequence[UUID]) -> tuple[Mapping[UUID, int], list[UUID]]:
    """Return the id of each passage, held until this transaction ends, and which are new.

    What another worker writes at the same moment is waited for and then known.
    """
    numbers: dict[UUID, int] = {}
    new: list[UUID] = []
    with connection.cursor() as cursor:
        while missing := [identity for identity in identities if identity not in numbers]:
            cursor.execute(KNOWN, {"identities": missing})
            numbers.update(cursor.fetchall())
            missing = [identity for identity in missing if identity not in numbers]
            cursor.execute(RESERVE, [len(missing)])
            ids = sorted(number for (number,) in cursor.fetchall())
            cursor.execute(INSERT, {"ids": ids, "identities": missing})
            inserted = dict(cursor.fetchall())
            numbers |= inserted
            new += [identity for identity in missing if identity in inserted]
    return numbers, new


def _write_definitions(ids: Sequence[int], definitions: Sequence[Sequence[Inside]]) -> None:
    with connection.cursor() as cursor, cursor.copy(COPY_DEFINITIONS) as copy:
        for row in _rows(ids, definitions):
            copy.write_row(row)


def _rows(
    ids: Sequence[int], definitions: Sequence[Sequence[Inside]]
) -> Iterator[tuple[object, ...]]:
    for passage_id, inside in zip(ids, definitions, strict=True):
        if passage_id:
            yield from ((passage_id, *one) for one in inside)
