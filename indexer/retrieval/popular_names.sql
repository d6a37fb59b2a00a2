-- Names that the most often changed visible files of code define, by how many visible files use them.
, busy AS MATERIALIZED (
    SELECT visible.blob_id
      FROM visible
      JOIN indexer_document AS document ON document.id = visible.id
     WHERE visible.role = 'source'
     ORDER BY document.touches DESC, visible.path
     LIMIT 5
),
named AS MATERIALIZED (
    SELECT definition.name, min(definition.qualified) AS qualified
      FROM indexer_definition AS definition
      JOIN busy ON busy.blob_id = definition.blob_id
     WHERE length(definition.name) > 4 AND definition.name !~ '^_'
       AND definition.kind NOT IN ('constant', 'field', 'section', 'pair')
     GROUP BY definition.name
     ORDER BY definition.name
     LIMIT 60
)
SELECT named.qualified
  FROM named
  LEFT JOIN indexer_namesused AS used ON used.names @> ARRAY[named.name]::varchar[]
       AND EXISTS (SELECT FROM visible WHERE visible.blob_id = used.blob_id OFFSET 0)
 GROUP BY named.name, named.qualified
 ORDER BY count(used.blob_id) DESC, length(named.qualified) DESC, named.qualified
 LIMIT %(limit)s
