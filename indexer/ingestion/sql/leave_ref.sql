-- Take every document out of a ref that is no longer followed.
WITH leaving AS MATERIALIZED (
    SELECT id
      FROM indexer_document
     WHERE source_id = %(source_id)s AND %(ref_id)s::bigint = ANY(refs)
),
deleted AS (
    DELETE FROM indexer_document AS document
     USING leaving
     WHERE document.id = leaving.id AND document.refs <@ ARRAY[%(ref_id)s::bigint]
)
UPDATE indexer_document AS document
   SET refs = array_remove(document.refs, %(ref_id)s::bigint)
  FROM leaving
 WHERE document.id = leaving.id AND NOT document.refs <@ ARRAY[%(ref_id)s::bigint]
