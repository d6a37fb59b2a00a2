-- The documents that a scope may read in the asked refs: the first wall of every search.
-- Whole sources first (the common case, one index look-up); a source with path rules asks, for
-- each document, the most specific rule that matches, a denial winning among equals. A rule without
-- wildcards is looked up by the document's path and folders; only the others are matched.
-- Who asks may narrow a source to some of its folders: that takes away and never adds.
-- Joined in front of other statements of this folder by queries.py. Not materialized: what a
-- statement already knows of its documents is looked at first, and only those are compared.
WITH asked_ref AS MATERIALIZED (
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
       AND (%(folders)s::jsonb = '{}'::jsonb
        OR NOT %(folders)s::jsonb ? document.source_id::text
        OR EXISTS (SELECT FROM jsonb_array_elements_text(
                                   %(folders)s::jsonb -> document.source_id::text
                               ) AS folder(path)
                    WHERE folder.path IN ('', document.path)
                       OR starts_with(document.path, folder.path || '/')))
       AND (document.source_id = ANY(%(whole_source_ids)s::bigint[])
        OR (SELECT rule.allow
              FROM (
                  SELECT length(folder.path) AS specificity,
                         (plain.rules -> (document.source_id || ':' || folder.path))::bool AS allow
                    FROM (SELECT %(plain_rules)s::jsonb AS rules) AS plain,
                         string_to_array(document.path, '/') AS part(names),
                         generate_series(0, cardinality(part.names)) AS depth,
                         array_to_string(part.names[:depth], '/') AS folder(path)
                   WHERE plain.rules ? (document.source_id || ':' || folder.path)
                  UNION ALL
                  SELECT (glob.rule ->> 2)::int, (glob.rule ->> 3)::bool
                    FROM jsonb_array_elements(
                             %(glob_rules)s::jsonb -> document.source_id::text
                         ) AS glob(rule)
                   WHERE CASE WHEN starts_with(document.path, glob.rule ->> 0)
                              THEN document.path ~ ('^(' || (glob.rule ->> 1) || ')$')
                              ELSE false END
              ) AS rule
             ORDER BY rule.specificity DESC, rule.allow
             LIMIT 1))
)
