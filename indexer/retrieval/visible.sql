-- The documents that a scope may read in the asked refs: the first wall of every search.
-- Whole sources first (the common case, one index look-up); a source with path rules asks, for
-- each document, the most specific rule that matches, a denial winning among equals.
-- Joined in front of other statements of this folder by queries.py. Not materialized: what a
-- statement already knows of its documents is looked at first, and only those are compared.
WITH rule AS MATERIALIZED (
    SELECT *
      FROM unnest(
          %(rule_source_ids)s::bigint[], %(rule_regexes)s::text[],
          %(rule_specificities)s::int[], %(rule_allows)s::bool[]
      ) AS rule(source_id, regex, specificity, allow)
),
asked_ref AS MATERIALIZED (
    SELECT ref.id, ref.source_id
      FROM indexer_ref AS ref
     WHERE ref.source_id = ANY(%(source_ids)s::bigint[])
       AND CASE WHEN cardinality(%(ref_names)s::text[]) = 0 THEN ref.is_default
                ELSE ref.name = ANY(%(ref_names)s::text[]) END
),
visible AS NOT MATERIALIZED (
    SELECT document.id, document.source_id, document.blob_id, document.path,
           document.role, document.path_terms,
           (SELECT min(asked_ref.id) FROM asked_ref
             WHERE asked_ref.id = ANY(document.refs)) AS ref_id
      FROM indexer_document AS document
     WHERE document.source_id = ANY(%(source_ids)s::bigint[])
       AND document.refs && ARRAY(SELECT asked_ref.id FROM asked_ref)
       AND (document.source_id = ANY(%(whole_source_ids)s::bigint[])
        OR (SELECT rule.allow
              FROM rule
             WHERE rule.source_id = document.source_id
               AND document.path ~ ('^(' || rule.regex || ')$')
             ORDER BY rule.specificity DESC, rule.allow
             LIMIT 1))
)
