-- Which visible documents use a name, and on which lines.
SELECT source.name AS source, visible.path, ref.commit, reference.lines, blob.text,
       count(*) OVER () AS total
  FROM indexer_reference AS reference
  JOIN visible ON visible.blob_id = reference.blob_id
  JOIN indexer_blob AS blob ON blob.id = reference.blob_id
  JOIN indexer_ref AS ref ON ref.id = visible.ref_id
  JOIN indexer_source AS source ON source.id = visible.source_id
 WHERE reference.name = %(name)s
 ORDER BY visible.role <> 'source', source.name, visible.path
 LIMIT %(limit)s OFFSET %(offset)s
