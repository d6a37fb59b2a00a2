-- The terms of the paths of one ref with their documents, as columns of eight bytes for each.
SELECT string_agg(int8send(term), ''::bytea), string_agg(int8send(document.id), ''::bytea)
  FROM indexer_document AS document
 CROSS JOIN LATERAL unnest(document.path_terms) AS term
 WHERE document.source_id = %(source_id)s AND %(ref_id)s::bigint = ANY(document.refs)
