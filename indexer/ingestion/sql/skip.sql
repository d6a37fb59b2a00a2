-- What the plan skips unread, and what reading it gave no text for.
INSERT INTO indexer_skippedfile (ref_id, path, reason, detail, size_bytes)
SELECT %(ref_id)s, change.path, change.skip_reason, change.skip_detail, change.size_bytes
  FROM planned_change AS change
 WHERE change.skip_reason <> ''
 UNION ALL
SELECT %(ref_id)s, change.path, blob.skip_reason, blob.skip_detail, change.size_bytes
  FROM planned_change AS change
  JOIN indexer_blob AS blob ON blob.oid = change.oid
 WHERE blob.skip_reason <> ''
