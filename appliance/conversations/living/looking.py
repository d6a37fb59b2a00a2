"""After a sync: looks at the cited lines of the paths that changed, in small steps.

What has to be looked at is a comparison in the database and not a list that somebody could lose: a
citation whose path holds another blob at the ref than when it was last looked at. Each step is one
transaction, so that a worker may die at any moment and another goes on where it stopped.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from appliance.conversations.living.classifying import Found, Looker
from appliance.conversations.living.models import CitationState, LookedAt
from appliance.conversations.living.noticing import notice
from appliance.conversations.models import Evidence, Message, MessageEvidence
from indexer.models import Document, Ref

logger = logging.getLogger(__name__)

STEP = 200  # citations of one transaction
MOST = 5000  # of one ref in one round
SECONDS = 20.0  # of one round; the next goes on
# Answers that were being written while their source was synced end after the look at it.
LATE = timedelta(hours=1)


def look_around(*, seconds: float = SECONDS) -> int:
    """Look at the citations of every ref that has changed; return how many were looked at."""
    deadline = time.monotonic() + seconds
    return sum(_look_at(ref, deadline) for ref in _due() if time.monotonic() < deadline)


def _due() -> list[Ref]:
    """Return the refs with another edition than was looked at, and those of late answers."""
    seen = LookedAt.objects.filter(ref=OuterRef("pk"), edition=OuterRef("edition"))
    late = MessageEvidence.objects.filter(
        role=MessageEvidence.Role.CITED,
        message__created_at__gt=timezone.now() - LATE,
        evidence__source=OuterRef("source"),
    ).exclude(evidence__commit=OuterRef("commit"))
    return list(Ref.objects.filter(~Exists(seen) | Exists(late)).order_by("pk"))


def _look_at(ref: Ref, deadline: float) -> int:
    """Look at the citations of one ref, in steps; what is left when time is up is for the next round."""
    LookedAt.objects.get_or_create(ref=ref)
    waiting = list(citations_to_look_at(ref).values_list("pk", flat=True)[:MOST])
    looked = 0
    for start in range(0, len(waiting), STEP):
        count = _step(ref, waiting[start : start + STEP]) if time.monotonic() < deadline else None
        if count is None:
            return looked
        looked += count
    if len(waiting) < MOST:
        LookedAt.objects.filter(ref=ref).update(edition=ref.edition, at=timezone.now())
    if looked:
        logger.info("citations ref=%s looked_at=%s", ref.pk, looked)
    return looked


@transaction.atomic
def _step(ref: Ref, waiting: Sequence[int]) -> int | None:
    """Look at these citations; None when somebody else is at it, or the ref has moved on."""
    lock = LookedAt.objects.select_for_update(skip_locked=True, of=("self",)).filter(ref=ref)
    if lock.first() is None or not Ref.objects.filter(pk=ref.pk, edition=ref.edition).exists():
        return None
    evidence = list(citations_to_look_at(ref).filter(pk__in=waiting))
    before = _states(ref, evidence)
    found = Looker(ref, evidence, before).look()
    _write(ref, found, before)
    notice(ref, found, before)
    return len(evidence)


def citations_to_look_at(ref: Ref) -> QuerySet[Evidence]:
    """Return cited evidence whose file at this ref is not the one that was looked at last.

    A citation whose file is gone has no file to compare: the lines may have come up elsewhere, so
    it is looked at once for each edition.
    """
    at_path = Document.objects.filter(
        source=OuterRef("source"), path=OuterRef("path"), refs__contains=[ref.pk]
    )
    state = CitationState.objects.filter(evidence=OuterRef("pk"), ref=ref)
    known = Coalesce(
        Subquery(state.values("blob")[:1]), F("blob_id"), output_field=BigIntegerField()
    )
    cited = Evidence.objects.filter(source_id=ref.source_id).filter(
        Exists(cited_for(ref).filter(evidence=OuterRef("pk")))
    )
    is_current = Q(live__isnull=False, live=F("known"))
    return (
        cited.annotate(live=Subquery(at_path.values("blob_id")[:1]), known=known)
        .exclude(is_current)
        .exclude(Exists(state.filter(edition=ref.edition)))
        .select_related("blob")
        .order_by("pk")
    )


def cited_for(ref: Ref) -> QuerySet[MessageEvidence]:
    """Return the citations of answers that were asked as of this ref, by name or by default."""
    names = [ref.name, *([""] if ref.is_default else [])]
    return MessageEvidence.objects.filter(
        role=MessageEvidence.Role.CITED,
        message__role=Message.Role.ANSWER,
        message__ref__in=names,
        evidence__source_id=ref.source_id,
    )


def _states(ref: Ref, evidence: Sequence[Evidence]) -> dict[int, CitationState]:
    states = CitationState.objects.filter(ref=ref, evidence__in=evidence)
    return {state.evidence_id: state for state in states}


def _write(ref: Ref, found: Iterable[Found], before: dict[int, CitationState]) -> None:
    now = timezone.now()
    rows = []
    for one in found:
        old = before.get(one.evidence.pk)
        same = old is not None and (old.state, old.path, old.span) == (
            one.state,
            one.path,
            one.span,
        )
        rows.append(
            CitationState(
                evidence=one.evidence,
                ref=ref,
                state=one.state,
                commit=ref.commit,
                edition=ref.edition,
                blob=one.blob_id,
                path=one.path,
                start_line=one.span.start_line,
                end_line=one.span.end_line,
                changed_at=old.changed_at if old is not None and same else now,
            )
        )
    CitationState.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["evidence", "ref"],
        update_fields=[
            "state", "commit", "edition", "blob", "path", "start_line", "end_line", "changed_at",
        ],
    )  # fmt: skip
