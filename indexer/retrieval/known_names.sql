-- Which of these names visible documents define or use, exactly as spelled.
SELECT asked.name
  FROM unnest(%(names)s::text[]) AS asked(name)
 WHERE EXISTS (SELECT FROM indexer_definition AS definition
                 JOIN visible ON visible.blob_id = definition.blob_id
                WHERE definition.name = asked.name)
    OR EXISTS (SELECT FROM indexer_namesused AS used
                 JOIN visible ON visible.blob_id = used.blob_id
                WHERE used.names @> ARRAY[asked.name]::varchar[])
