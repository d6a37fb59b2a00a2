-- The refs that are asked, as they are now.
SELECT ref.id, ref.source_id, ref.edition
  FROM indexer_ref AS ref
 WHERE ref.source_id = ANY(%(source_ids)s::bigint[])
   AND CASE WHEN cardinality(%(ref_names)s::text[]) = 0 THEN ref.is_default
            ELSE ref.name = ANY(%(ref_names)s::text[]) END
 ORDER BY ref.id
