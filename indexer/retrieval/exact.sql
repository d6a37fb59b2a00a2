-- Blobs whose trigrams allow that a piece of code stands in them, as columns of eight bytes for
-- each; which of them may be seen, and whether the text holds the piece, is looked at afterwards.
SELECT asked.place, string_agg(int8send(used.blob_id), ''::bytea)
  FROM unnest(%(trigrams)s::text[]) WITH ORDINALITY AS asked(trigrams, place)
  JOIN indexer_trigramset AS trigram_set ON trigram_set.trigrams @> asked.trigrams::int[]
  JOIN indexer_trigramuse AS used ON used.trigram_set_id = trigram_set.id
 GROUP BY asked.place
