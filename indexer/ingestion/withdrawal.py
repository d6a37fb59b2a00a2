"""What an origin takes back is shown no longer: gone, or not allowed any more.

Only a host's own word counts, and only when it says so twice: a network that fails, a server with
a fault of its own and a single odd answer hide nothing. Nothing is deleted; the first fetch that
succeeds shows everything again.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from indexer.errors import FetchRefused
from indexer.models import Source

logger = logging.getLogger(__name__)

# What a host says of a repository that it does not give to us (any more). An empty repository is
# not among them: to git a page that says "under maintenance" looks like one.
TAKEN_BACK = {"credentials_required", "credentials_wrong", "repository_not_found"}
ASK_AGAIN = timedelta(seconds=25)  # less than the wait before a job's second attempt


def note_refusal(source: Source, error: FetchRefused) -> bool:
    """Hide the source when its host has said so twice; return whether to ask a second time."""
    if not _is_taken_back(source, error):
        return False
    now = timezone.now()
    of_source = Source.objects.filter(pk=source.pk)
    of_source.filter(refused_at=None).update(refused_at=now)
    of_source.filter(hidden_at__isnull=False).update(hidden_reason=str(error))
    hidden = of_source.filter(hidden_at=None, refused_at__lt=now - ASK_AGAIN).update(
        hidden_at=now, hidden_reason=str(error)
    )
    if hidden:
        logger.warning("hidden source=%s code=%s", source.pk, error.code)
    return of_source.filter(hidden_at=None).exists()


def note_access(source: Source) -> None:
    """Show the source again: its origin has just given what it holds."""
    refused = Source.objects.filter(pk=source.pk, refused_at__isnull=False)
    was_hidden = refused.filter(hidden_at__isnull=False).exists()
    if refused.update(refused_at=None, hidden_at=None, hidden_reason="") and was_hidden:
        logger.info("shown again source=%s", source.pk)


def look_soon(sources: QuerySet[Source]) -> None:
    """Have hidden sources looked at with the next tick: what kept us out may have changed."""
    sources.filter(hidden_at__isnull=False).update(next_poll_at=timezone.now())


def _is_taken_back(source: Source, error: FetchRefused) -> bool:
    is_host = source.kind == Source.Kind.REMOTE
    return is_host and error.code in TAKEN_BACK and source.refs.exists()
