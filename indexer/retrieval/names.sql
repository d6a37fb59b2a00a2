-- For each of the asked names the blobs that define it, as a column of eight bytes for each.
SELECT string_agg(int8send(blob_id), ''::bytea)
  FROM indexer_definition
 WHERE name = ANY(%(names)s::text[])
 GROUP BY name
