-- The visible documents whose file has one of these names, in whatever folder.
SELECT visible.source_id, source.name, visible.path, visible.blob_id, ref.commit
  FROM visible
  JOIN indexer_ref AS ref ON ref.id = visible.ref_id
  JOIN indexer_source AS source ON source.id = visible.source_id
 WHERE regexp_replace(visible.path, '^.*/', '') = ANY(%(names)s::text[])
 ORDER BY visible.source_id, visible.path
 LIMIT %(limit)s
