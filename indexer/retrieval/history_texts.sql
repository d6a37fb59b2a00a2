-- The commits of one source that speak of files, with the lengths of their messages and when they
-- were made (microseconds since 1970), eight bytes for each.
SELECT string_agg(int8send(id), ''::bytea), string_agg(int8send(length_terms), ''::bytea),
       string_agg(int8send((extract(epoch FROM committed_at) * 1000000)::bigint), ''::bytea)
  FROM indexer_commit
 WHERE source_id = %(source_id)s AND cardinality(paths) > 0
