-- The folders above visible files whose path holds some letters: a folder of which nothing may be
-- read is not there.
, folder AS (
    SELECT DISTINCT visible.source_id, array_to_string(part.names[:depth], '/') AS path
      FROM visible,
           string_to_array(visible.path, '/') AS part(names),
           generate_series(1, cardinality(part.names) - 1) AS depth
     WHERE visible.path ILIKE %(pattern)s
)
SELECT source.name, folder.path
  FROM folder
  JOIN indexer_source AS source ON source.id = folder.source_id
 WHERE folder.path ILIKE %(pattern)s
 ORDER BY regexp_replace(folder.path, '^.*/', '') NOT ILIKE %(beginning)s,
          length(folder.path), source.name, folder.path
 LIMIT %(limit)s
