-- Documents whose path holds query terms: the sum of the terms' rarity among visible paths.
, path_occurrence AS MATERIALIZED (
    SELECT visible.id, entry.term
      FROM visible
     CROSS JOIN LATERAL unnest(visible.path_terms) AS entry(term)
     WHERE entry.term = ANY(%(terms)s::bigint[])
),
path_weight AS MATERIALIZED (
    SELECT term,
           ln(1 + ((SELECT count(*) FROM visible) - count(*) + 0.5) / (count(*) + 0.5)) AS idf
      FROM path_occurrence
     GROUP BY term
)
SELECT path_occurrence.id AS document_id, sum(path_weight.idf)::float8 AS score
  FROM path_occurrence
  JOIN path_weight USING (term)
 GROUP BY path_occurrence.id
 ORDER BY score DESC, path_occurrence.id
 LIMIT %(pool)s
