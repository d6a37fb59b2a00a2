-- Okapi BM25 (Robertson and Zaragoza 2009, k1 and b as parameters) over the chunks of visible
-- documents. The statistics (how many chunks, how long, how many hold the term) are taken from
-- the visible chunks alone, so that a score says nothing about what the reader may not see.
-- With each chunk come two numbers of its whole file: which share of the question's rarity it
-- holds anywhere, and BM25 with the file as one text.
, asked AS MATERIALIZED (
    SELECT * FROM unnest(%(terms)s::bigint[], %(weights)s::float8[]) AS asked(term, weight)
),
visible_chunk AS MATERIALIZED (
    SELECT chunk.id, chunk.blob_id, chunk.length_terms
      FROM indexer_chunk AS chunk
     WHERE chunk.blob_id IN (SELECT blob_id FROM visible)
),
corpus AS MATERIALIZED (
    SELECT count(*)::float8 AS chunks, greatest(avg(length_terms), 1)::float8 AS average_length
      FROM visible_chunk
),
occurrence AS MATERIALIZED (
    SELECT posting.term, entry.frequency::float8 AS frequency,
           visible_chunk.id AS chunk_id, visible_chunk.blob_id, visible_chunk.length_terms
      FROM indexer_posting AS posting
     CROSS JOIN LATERAL unnest(posting.offsets, posting.frequencies)
        AS entry(chunk_offset, frequency)
      JOIN visible_chunk ON visible_chunk.id = posting.batch + entry.chunk_offset
     WHERE posting.term = ANY(%(terms)s::bigint[])
),
weight AS MATERIALIZED (
    SELECT term,
           asked.weight * ln(1 + (corpus.chunks - count(*) + 0.5) / (count(*) + 0.5)) AS idf
      FROM occurrence
      JOIN asked USING (term)
     CROSS JOIN corpus
     GROUP BY term, asked.weight, corpus.chunks
),
scored AS MATERIALIZED (
    SELECT occurrence.chunk_id, occurrence.blob_id,
           sum(weight.idf * occurrence.frequency * (%(k1)s + 1) / (
               occurrence.frequency
               + %(k1)s * (1 - %(b)s + %(b)s * occurrence.length_terms / corpus.average_length)
           ))::float8 AS score
      FROM occurrence
      JOIN weight USING (term)
     CROSS JOIN corpus
     GROUP BY occurrence.chunk_id, occurrence.blob_id
     ORDER BY score DESC, occurrence.chunk_id
     LIMIT %(pool)s
),
file_term AS (
    SELECT blob_id, term, sum(frequency) AS frequency
      FROM occurrence
     WHERE blob_id IN (SELECT blob_id FROM scored)
     GROUP BY blob_id, term
),
file_length AS (
    SELECT blob_id, sum(length_terms) AS length, avg(sum(length_terms)) OVER () AS average_length
      FROM visible_chunk
     WHERE blob_id IN (SELECT blob_id FROM scored)
     GROUP BY blob_id
),
file AS (
    SELECT blob_id,
           sum(weight.idf) / (SELECT sum(idf) FROM weight) AS coverage,
           sum(weight.idf * frequency * (%(k1)s + 1) / (
               frequency
               + %(k1)s * (1 - %(b)s + %(b)s * length / greatest(average_length, 1))
           )) AS score
      FROM file_term
      JOIN weight USING (term)
      JOIN file_length USING (blob_id)
     GROUP BY blob_id
)
SELECT scored.chunk_id, scored.blob_id, scored.score,
       file.coverage::float8 AS file_coverage, file.score::float8 AS file_score
  FROM scored
  JOIN file USING (blob_id)
 ORDER BY scored.score DESC, scored.chunk_id
