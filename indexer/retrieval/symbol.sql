-- Blobs that define a name of the question: the rarer the name among visible blobs, the more.
, defined AS MATERIALIZED (
    SELECT DISTINCT definition.name, definition.blob_id
      FROM indexer_definition AS definition
     WHERE definition.name = ANY(%(names)s::text[])
       AND definition.blob_id IN (SELECT blob_id FROM visible)
),
rarity AS (
    SELECT name, 1.0 / count(*) AS weight FROM defined GROUP BY name
)
SELECT defined.blob_id, sum(rarity.weight)::float8 AS score
  FROM defined
  JOIN rarity USING (name)
 GROUP BY defined.blob_id
 ORDER BY score DESC, defined.blob_id
 LIMIT %(pool)s
