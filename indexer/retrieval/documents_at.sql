-- Visible documents whose path is, or ends in, one of these, by whole names; the nearest first.
-- A path may begin with the name of its source, as evidence shows it.
SELECT asked.path AS asked, visible.source_id, source.name AS source, visible.path, ref.commit,
       visible.blob_id, blob.line_count
  FROM visible
  JOIN indexer_blob AS blob ON blob.id = visible.blob_id
  JOIN indexer_ref AS ref ON ref.id = visible.ref_id
  JOIN indexer_source AS source ON source.id = visible.source_id
  JOIN unnest(%(paths)s::text[]) AS asked(path)
    ON right('/' || source.name || '/' || visible.path, length(asked.path) + 1) = '/' || asked.path
 WHERE blob.line_count > 0
 ORDER BY asked.path, length(visible.path), visible.role <> 'source', source.name, visible.path,
          visible.id
 LIMIT %(limit)s
