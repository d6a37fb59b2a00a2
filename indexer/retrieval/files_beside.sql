-- The visible files of a folder itself, and tests named after one of its files wherever they lie.
SELECT visible.path, visible.role
  FROM visible
 WHERE visible.source_id = %(source_id)s
   AND visible.path <> %(path)s
   AND (regexp_replace(visible.path, '[^/]*$', '') = %(folder)s
        OR visible.role = 'test' AND strpos(visible.path, %(stem)s) > 0)
 ORDER BY visible.role <> 'test' OR strpos(visible.path, %(stem)s) = 0, visible.path
 LIMIT %(limit)s
