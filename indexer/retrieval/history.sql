-- Past commits whose messages are near the question vote for the files that they touched: BM25
-- over messages, statistics from the sources that the reader may read as a whole (a message may
-- speak of any of a source's files), then each commit's score to its visible files.
, asked AS MATERIALIZED (
    SELECT * FROM unnest(%(terms)s::bigint[], %(weights)s::float8[]) AS asked(term, weight)
),
told AS MATERIALIZED (
    SELECT id, length_terms
      FROM indexer_commit
     WHERE source_id = ANY(%(whole_source_ids)s::bigint[])
       AND cardinality(paths) > 0
       AND (%(before)s::timestamptz IS NULL OR committed_at < %(before)s::timestamptz)
),
corpus AS MATERIALIZED (
    SELECT count(*)::float8 AS commits, greatest(avg(length_terms), 1)::float8 AS average_length
      FROM told
),
occurrence AS MATERIALIZED (
    SELECT posting.term, entry.frequency::float8 AS frequency, told.id, told.length_terms
      FROM indexer_commitposting AS posting
     CROSS JOIN LATERAL unnest(posting.offsets, posting.frequencies)
        AS entry(commit_offset, frequency)
      JOIN told ON told.id = posting.batch + entry.commit_offset
     WHERE posting.term = ANY(%(terms)s::bigint[])
       AND posting.source_id = ANY(%(whole_source_ids)s::bigint[])
),
weight AS MATERIALIZED (
    SELECT term,
           asked.weight * ln(1 + (corpus.commits - count(*) + 0.5) / (count(*) + 0.5)) AS idf
      FROM occurrence
      JOIN asked USING (term)
     CROSS JOIN corpus
     GROUP BY term, asked.weight, corpus.commits
),
nearest AS MATERIALIZED (
    SELECT occurrence.id,
           sum(weight.idf * occurrence.frequency * (%(k1)s + 1) / (
               occurrence.frequency
               + %(k1)s * (1 - %(b)s + %(b)s * occurrence.length_terms / corpus.average_length)
           ))::float8 AS score
      FROM occurrence
      JOIN weight USING (term)
     CROSS JOIN corpus
     GROUP BY occurrence.id
     ORDER BY score DESC, occurrence.id
     LIMIT %(commits)s
)
SELECT visible.id AS document_id,
       max(nearest.score / sqrt(cardinality(commit.paths)))::float8 AS best,
       sum(nearest.score / cardinality(commit.paths))::float8 AS total
  FROM nearest
  JOIN indexer_commit AS commit ON commit.id = nearest.id
 CROSS JOIN LATERAL unnest(commit.paths) AS touched(path)
  JOIN visible ON visible.source_id = commit.source_id AND visible.path = touched.path
 GROUP BY visible.id
 ORDER BY best DESC, visible.id
 LIMIT %(pool)s
