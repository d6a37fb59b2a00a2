-- The chunks of the blobs of one ref with their blobs, passages and lengths, eight bytes for each.
SELECT string_agg(int8send(chunk.id), ''::bytea), string_agg(int8send(chunk.blob_id), ''::bytea),
       string_agg(int8send(chunk.passage_id), ''::bytea),
       string_agg(int8send(chunk.length_terms), ''::bytea)
  FROM indexer_chunk AS chunk
 WHERE chunk.blob_id IN (SELECT blob_id
                           FROM indexer_document
                          WHERE source_id = %(source_id)s AND %(ref_id)s::bigint = ANY(refs))
