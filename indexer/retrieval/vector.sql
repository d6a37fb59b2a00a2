-- The nearest chunks of visible documents by cosine distance, by an exact scan: recall is 1 for
-- every reader, whatever share of the corpus they may see (0.54 us a row at 384 dimensions).
SELECT chunk.id AS chunk_id, chunk.blob_id,
       (1 - (embedding.vector <=> %(vector)s::halfvec))::float8 AS score
  FROM indexer_chunk AS chunk
  JOIN indexer_embedding AS embedding
    ON embedding.digest = chunk.digest AND embedding.model = %(model)s
 WHERE chunk.blob_id IN (SELECT blob_id FROM visible)
   AND embedding.vector IS NOT NULL
 ORDER BY embedding.vector <=> %(vector)s::halfvec, chunk.id
 LIMIT %(pool)s
