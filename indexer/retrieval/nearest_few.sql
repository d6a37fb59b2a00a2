-- The nearest of the given chunks by cosine distance, each of them compared: for readers of few.
SELECT chunk.id AS chunk_id, chunk.blob_id,
       (1 - (embedding.vector <=> %(vector)s::halfvec))::float8 AS score
  FROM unnest(%(chunk_ids)s::bigint[]) AS readable(id)
  JOIN indexer_chunk AS chunk ON chunk.id = readable.id
  JOIN indexer_embedding AS embedding
    ON embedding.digest = chunk.digest AND embedding.model = %(model)s
 WHERE embedding.vector IS NOT NULL
 ORDER BY embedding.vector <=> %(vector)s::halfvec, chunk.id
 LIMIT %(pool)s
