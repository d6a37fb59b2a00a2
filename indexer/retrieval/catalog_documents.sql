-- The documents of one ref with their blobs, as columns of eight bytes for each.
SELECT string_agg(int8send(id), ''::bytea), string_agg(int8send(blob_id), ''::bytea)
  FROM indexer_document
 WHERE source_id = %(source_id)s AND %(ref_id)s::bigint = ANY(refs)
