"""Writes evidence down: each piece of lines is one row, whoever it is shown to."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from appliance.conversations.evidence import EvidenceLines
from appliance.conversations.models import Evidence, Message, MessageEvidence
from indexer.models import Source

Key = tuple[int, str, str, int, int, int]
KEY_FIELDS = ("source_id", "commit", "path", "blob_id", "start_line", "end_line")


@transaction.atomic
def link_evidence(
    message: Message, pieces: Iterable[EvidenceLines], role: MessageEvidence.Role
) -> None:
    """Say what pieces of evidence did in an answer; to say it twice changes nothing.

    Those of a source that was removed meanwhile are left out: without them the answer is sealed.
    """
    pieces = _of_sources_there(pieces)
    rows = _kept(pieces)
    links = [
        MessageEvidence(
            message=message,
            evidence_id=rows[_key(piece)],
            handle=piece.handle,
            role=role,
            score=piece.score,
            legs=list(piece.legs),
            note=piece.note,
        )
        for piece in pieces
    ]
    MessageEvidence.objects.bulk_create(links, ignore_conflicts=True)


def _of_sources_there(pieces: Iterable[EvidenceLines]) -> list[EvidenceLines]:
    pieces = list(pieces)
    wanted = {piece.source_id for piece in pieces}
    there = set(Source.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    return [piece for piece in pieces if piece.source_id in there]


def _kept(pieces: Iterable[EvidenceLines]) -> dict[Key, int]:
    """Return the ids of the rows of these lines, after writing those that are missing.

    In one order for everybody: answers that are written at the same time often rest on the same
    lines, and would wait for each other's rows in a circle.
    """
    wanted = {_key(piece): piece for piece in pieces}
    Evidence.objects.bulk_create(
        [
            Evidence(
                **dict(zip(KEY_FIELDS, key, strict=True)),
                line_hash=wanted[key].line_hash,
                symbol=wanted[key].symbol,
            )
            for key in sorted(wanted)
        ],
        ignore_conflicts=True,
    )
    there = Evidence.objects.filter(
        blob_id__in={piece.blob_id for piece in wanted.values()},
        commit__in={piece.commit for piece in wanted.values()},
    ).values_list("pk", *KEY_FIELDS)
    return {key: pk for pk, *key_fields in there if (key := tuple(key_fields)) in wanted}


def _key(piece: EvidenceLines) -> Key:
    span = piece.span
    return (
        piece.source_id, piece.commit, piece.path, piece.blob_id, span.start_line, span.end_line,
    )  # fmt: skip
