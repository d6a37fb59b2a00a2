"""What answers keep beside their words of a source that was removed: its paths and lines go too.

Evidence goes with its source. Steps, patches and wished-for files name paths in JSON, where no foreign
key reaches; an answer with any of a removed source is sealed for everybody, and loses them all.
"""

from __future__ import annotations

from django.db import connection

FORGET = """
UPDATE conversations_message SET steps = '[]', patches = '[]', prompt = '{}', wanted = '{}',
  -- Without its steps an answer would look as if it rested on less: nobody may read source 0.
  receipt = (receipt - 'options' - 'experts' - 'writers')
    || jsonb_build_object('behind', COALESCE(receipt->'behind', '[]') || '[[0, ""]]')
WHERE (steps <> '[]' OR patches <> '[]') AND (
  EXISTS (
    SELECT 1 FROM jsonb_array_elements(steps) step, jsonb_array_elements(step->'places') place
    WHERE (place->>0)::bigint NOT IN (SELECT id FROM indexer_source)
  ) OR EXISTS (
    SELECT 1 FROM jsonb_array_elements(patches) patch
    WHERE (patch->>'source_id')::bigint NOT IN (SELECT id FROM indexer_source)
  )
)
"""
FORGET_WANTED = """
UPDATE conversations_message SET wanted = '{}'
WHERE wanted <> '{}' AND EXISTS (
  SELECT 1 FROM jsonb_each(wanted) list, jsonb_array_elements(list.value) file
  WHERE file->>0 NOT IN (SELECT name FROM indexer_source)
)
"""
# Who may know of lines that were near, and who wrote those of an answer: by name, with a path.
FORGET_PEOPLE = """
UPDATE conversations_message SET receipt = receipt - 'experts' - 'writers'
WHERE receipt ?| ARRAY['experts', 'writers'] AND EXISTS (
  SELECT 1 FROM jsonb_array_elements(
      COALESCE(receipt->'experts', '[]') || COALESCE(receipt->'writers', '[]')
  ) person
  WHERE person->>'source' NOT IN (SELECT name FROM indexer_source)
)
"""


def forget_removed() -> int:
    """Clear what names removed sources; return of how many answers. They stay sealed."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET.rstrip() + " RETURNING id")
        forgotten = cursor.fetchall()
        cursor.execute(FORGET_WANTED)
        cursor.execute(FORGET_PEOPLE)
    return len(forgotten)
