-- Where visible documents define a name: code before tests and prose, then by path.
SELECT source.name AS source, visible.path, ref.commit, definition.qualified, definition.kind,
       definition.start_line, definition.end_line, definition.signature,
       count(*) OVER () AS total
  FROM indexer_definition AS definition
  JOIN visible ON visible.blob_id = definition.blob_id
  JOIN indexer_ref AS ref ON ref.id = visible.ref_id
  JOIN indexer_source AS source ON source.id = visible.source_id
 WHERE definition.name = %(name)s
   AND (%(qualified)s = '' OR definition.qualified = %(qualified)s
        OR definition.qualified LIKE '%%' || %(qualified_pattern)s)
 ORDER BY visible.role <> 'source', source.name, visible.path, definition.start_line
 LIMIT %(limit)s OFFSET %(offset)s
