-- Add the plan's documents to the ref: rows that other refs made are shared, the rest are new.
-- Returns the paths that were not there before.
INSERT INTO indexer_document AS document (source_id, path, blob_id, refs, role, path_terms)
SELECT %(source_id)s, change.path, blob.id, ARRAY[%(ref_id)s::bigint], change.role,
       change.path_terms
  FROM planned_change AS change
  JOIN indexer_blob AS blob ON blob.oid = change.oid
 WHERE blob.skip_reason = ''
 ORDER BY change.path
    ON CONFLICT (source_id, path, blob_id) DO UPDATE
   SET refs = array_append(document.refs, %(ref_id)s::bigint)
 WHERE NOT %(ref_id)s::bigint = ANY(document.refs)
RETURNING path
