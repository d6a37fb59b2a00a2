-- Visible files whose path holds some letters, for pickers: those whose own name begins so first,
-- then the shortest.
SELECT source.name, visible.path, ref.commit
  FROM visible
  JOIN indexer_ref AS ref ON ref.id = visible.ref_id
  JOIN indexer_source AS source ON source.id = visible.source_id
 WHERE visible.path ILIKE %(pattern)s
 ORDER BY regexp_replace(visible.path, '^.*/', '') NOT ILIKE %(beginning)s,
          length(visible.path), source.name, visible.path
 LIMIT %(limit)s
