SELECT count(*)
  FROM indexer_chunk
 WHERE blob_id IN (SELECT blob_id FROM indexer_document
                    WHERE source_id = %(source_id)s AND %(ref_id)s::bigint = ANY(refs))
