-- The chunks of the nearest texts of all, by the model's index; who may read them is decided by the
-- caller, who asks for as many as it takes. The cast names the indexed expression.
SELECT chunk.id AS chunk_id, chunk.blob_id, (1 - near.distance)::float8 AS score
  FROM (
      SELECT embedding.digest,
             embedding.vector::halfvec(%(dimensions)s) <=> %(vector)s::halfvec(%(dimensions)s)
                 AS distance
        FROM indexer_embedding AS embedding
       WHERE embedding.model = %(model)s
       ORDER BY embedding.vector::halfvec(%(dimensions)s)
                <=> %(vector)s::halfvec(%(dimensions)s)
       LIMIT %(walked)s
  ) AS near
  JOIN indexer_chunk AS chunk ON chunk.digest = near.digest
