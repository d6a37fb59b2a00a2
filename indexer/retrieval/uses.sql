-- Which visible documents use a name, and on which lines: read only of those that are shown.
, found AS (
    SELECT source.name AS source, visible.path, visible.ref_id, visible.blob_id, visible.role,
           count(*) OVER () AS total
      FROM indexer_namesused AS used
      JOIN visible ON visible.blob_id = used.blob_id
      JOIN indexer_source AS source ON source.id = visible.source_id
     WHERE used.names @> ARRAY[%(name)s]::varchar[]
     ORDER BY visible.role <> 'source', source.name, visible.path
     LIMIT %(limit)s OFFSET %(offset)s
)
SELECT found.source, found.path, ref.commit,
       string_to_array(used.lines[array_position(used.names, %(name)s::varchar)], ',')::int[],
       blob.text, found.total
  FROM found
  JOIN indexer_namesused AS used ON used.blob_id = found.blob_id
  JOIN indexer_blob AS blob ON blob.id = found.blob_id
  JOIN indexer_ref AS ref ON ref.id = found.ref_id
 ORDER BY found.role <> 'source', found.source, found.path
