-- Past commits whose messages are near the question vote for the files that they touched: each
-- commit's score goes to its visible files. Each path is looked up by the index (OFFSET 0 keeps the
-- planner from reading all documents instead).
, nearest AS MATERIALIZED (
    SELECT * FROM unnest(%(commit_ids)s::bigint[], %(scores)s::float8[]) AS nearest(id, score)
),
touched AS MATERIALIZED (
    SELECT commit.source_id, path, nearest.score, cardinality(commit.paths) AS paths
      FROM nearest
      JOIN indexer_commit AS commit ON commit.id = nearest.id
     CROSS JOIN LATERAL unnest(commit.paths) AS path
)
SELECT shown.id AS document_id,
       max(touched.score / sqrt(touched.paths))::float8 AS best,
       sum(touched.score / touched.paths)::float8 AS total
  FROM touched
 CROSS JOIN LATERAL (
    SELECT visible.id
      FROM visible
     WHERE visible.source_id = touched.source_id AND visible.path = touched.path
    OFFSET 0
 ) AS shown
 GROUP BY shown.id
 ORDER BY best DESC, shown.id
 LIMIT %(pool)s
