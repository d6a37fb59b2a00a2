-- The documents of one ref that are visible, as a column of eight bytes for each.
SELECT string_agg(int8send(visible.id), ''::bytea)
  FROM visible
  JOIN indexer_document AS document ON document.id = visible.id
 WHERE %(ref_id)s::bigint = ANY(document.refs)
