-- The nearest chunks of visible documents by cosine distance, every one of them compared: while no
-- index is there, and what searches through the index are measured against (no index matches the
-- expression without a cast).
SELECT chunk.id AS chunk_id, chunk.blob_id,
       (1 - (embedding.vector <=> %(vector)s::halfvec))::float8 AS score
  FROM indexer_chunk AS chunk
  JOIN indexer_embedding AS embedding
    ON embedding.digest = chunk.digest AND embedding.model = %(model)s
 WHERE chunk.blob_id IN (SELECT blob_id FROM visible)
   AND embedding.vector IS NOT NULL
 ORDER BY embedding.vector <=> %(vector)s::halfvec, chunk.id
 LIMIT %(pool)s
