-- Names that visible files define, by how they begin, whatever the case: the shortest first, code
-- before tests and prose. lower(name) is what definition_by_beginning holds. Each file is looked up
-- by the index (OFFSET 0 keeps the planner from comparing every definition with every document).
, defining AS MATERIALIZED (
    SELECT DISTINCT definition.blob_id
      FROM indexer_definition AS definition
     WHERE lower(definition.name) LIKE %(beginning)s
)
SELECT source.name, shown.path, ref.commit, found.qualified, found.kind, found.start_line,
       found.end_line
  FROM defining
 CROSS JOIN LATERAL (
    SELECT visible.source_id, visible.path, visible.role, visible.ref_id
      FROM visible
     WHERE visible.blob_id = defining.blob_id
    OFFSET 0
 ) AS shown
 CROSS JOIN LATERAL (
    SELECT definition.name, definition.qualified, definition.kind, definition.start_line,
           definition.end_line
      FROM indexer_definition AS definition
     WHERE definition.blob_id = defining.blob_id
       AND lower(definition.name) LIKE %(beginning)s
    OFFSET 0
 ) AS found
  JOIN indexer_ref AS ref ON ref.id = shown.ref_id
  JOIN indexer_source AS source ON source.id = shown.source_id
 ORDER BY shown.role <> 'source', length(found.name), found.name, source.name, shown.path,
          found.start_line
 LIMIT %(limit)s
