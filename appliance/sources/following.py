"""What there is to say about the patterns by which a source follows branches and tags."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from indexer import clients
from indexer.fetching.history import mirrored_refs
from indexer.fetching.patterns import is_pattern, matches
from indexer.models import Source


def pattern_notes(source: Source) -> Iterator[str]:
    """Say which patterns stand for nothing, and how many refs are beyond the limit."""
    patterns = [name for name in source.ref_names if is_pattern(name)]
    if not patterns:
        return
    mirrored = mirrored_refs(clients.mirror_of(source))
    if not mirrored:
        return  # not fetched yet, or not on this machine
    beyond: set[str] = set()
    for pattern in patterns:
        found = [full for full in mirrored if matches(pattern, full)]
        beyond.update(found)
        if not found:
            yield f"No branch or tag matches {pattern}."
    followed = source.refs.count()
    if len(beyond) > followed:
        yield (
            f"{len(beyond)} branches and tags match the patterns, {followed} are followed: at most "
            f"{settings.MAX_REFS} of one source (PLUMBLINE_MAX_REFS), the newest first."
        )
