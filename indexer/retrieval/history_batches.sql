-- The batches of one source's commits: from each the index leads to the next.
WITH RECURSIVE batch AS (
    (SELECT batch AS first
       FROM indexer_commitposting
      WHERE source_id = %(source_id)s
      ORDER BY batch
      LIMIT 1)
     UNION ALL
    SELECT (SELECT next.batch
              FROM indexer_commitposting AS next
             WHERE next.source_id = %(source_id)s AND next.batch > batch.first
             ORDER BY next.batch
             LIMIT 1)
      FROM batch
     WHERE batch.first IS NOT NULL
)
SELECT first FROM batch WHERE first IS NOT NULL
