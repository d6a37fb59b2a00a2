-- The visible documents that hold the given blobs or have the given ids.
SELECT visible.id, visible.source_id, source.name AS source, visible.path, visible.role,
       visible.blob_id, ref.commit, blob.line_count, document.touches,
       extract(epoch FROM ref.committed_at - document.touched_at)::float8 AS untouched_s
  FROM visible
  JOIN indexer_document AS document ON document.id = visible.id
  JOIN indexer_blob AS blob ON blob.id = visible.blob_id
  JOIN indexer_ref AS ref ON ref.id = visible.ref_id
  JOIN indexer_source AS source ON source.id = visible.source_id
 WHERE visible.blob_id = ANY(%(blob_ids)s::bigint[])
    OR visible.id = ANY(%(document_ids)s::bigint[])
 ORDER BY visible.id, visible.ref_id
