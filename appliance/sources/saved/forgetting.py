"""What notifications still name of sources that were removed: no foreign key reaches into JSON."""

from __future__ import annotations

from django.db import connection

FORGET = """
UPDATE sources_notification SET places = COALESCE((
  SELECT jsonb_agg(place) FROM jsonb_array_elements(places) place
  WHERE (place->>0)::bigint IN (SELECT id FROM indexer_source)
), '[]')
WHERE EXISTS (
  SELECT 1 FROM jsonb_array_elements(places) place
  WHERE (place->>0)::bigint NOT IN (SELECT id FROM indexer_source)
)
"""


def forget_removed() -> int:
    """Take the paths of removed sources out of notifications; return of how many."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET)
        return int(cursor.rowcount)
