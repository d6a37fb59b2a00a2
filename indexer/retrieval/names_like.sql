-- Names that visible files define, by how they begin, whatever the case: the shortest first, code
-- before tests and prose. lower(name) is what definition_by_beginning holds.
SELECT source.name, visible.path, ref.commit, definition.qualified, definition.kind,
       definition.start_line, definition.end_line
  FROM indexer_definition AS definition
  JOIN visible ON visible.blob_id = definition.blob_id
  JOIN indexer_ref AS ref ON ref.id = visible.ref_id
  JOIN indexer_source AS source ON source.id = visible.source_id
 WHERE lower(definition.name) LIKE %(beginning)s
 ORDER BY visible.role <> 'source', length(definition.name), definition.name, source.name,
          visible.path, definition.start_line
 LIMIT %(limit)s
