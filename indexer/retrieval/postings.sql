-- The postings of the asked terms in the batches that hold anything visible, one row for a term.
SELECT term, string_agg(int8send(batch), ''::bytea),
       string_agg(int4send(octet_length(entries)), ''::bytea), string_agg(entries, ''::bytea)
  FROM indexer_posting
 WHERE batch = ANY(%(batches)s::bigint[]) AND term = ANY(%(terms)s::bigint[])
 GROUP BY term
