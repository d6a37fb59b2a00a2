-- Take out of the ref the documents that the new commit does not have, and away with those that no
-- ref holds any more. Returns their paths.
WITH leaving AS MATERIALIZED (
    SELECT document.id, document.path
      FROM indexer_document AS document
     WHERE document.source_id = %(source_id)s
       AND %(ref_id)s::bigint = ANY(document.refs)
       AND (%(is_whole)s OR document.path IN (SELECT path FROM planned_change))
       AND NOT EXISTS (
           SELECT 1
             FROM planned_change AS change
             JOIN indexer_blob AS blob ON blob.oid = change.oid
            WHERE change.path = document.path
              AND blob.id = document.blob_id
              AND blob.skip_reason = ''
       )
),
deleted AS (
    DELETE FROM indexer_document AS document
     USING leaving
     WHERE document.id = leaving.id AND document.refs <@ ARRAY[%(ref_id)s::bigint]
),
updated AS (
    UPDATE indexer_document AS document
       SET refs = array_remove(document.refs, %(ref_id)s::bigint)
      FROM leaving
     WHERE document.id = leaving.id AND NOT document.refs <@ ARRAY[%(ref_id)s::bigint]
)
SELECT path FROM leaving
