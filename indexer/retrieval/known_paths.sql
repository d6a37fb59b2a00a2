-- Which of these paths visible documents have: whole, as their last part, or as a folder above.
-- A path may begin with the name of its source, as evidence shows it.
SELECT asked.path
  FROM unnest(%(paths)s::text[]) AS asked(path)
 WHERE EXISTS (SELECT FROM visible
                 JOIN indexer_source AS source ON source.id = visible.source_id
                WHERE strpos('/' || source.name || '/' || visible.path || '/',
                             '/' || asked.path || '/') > 0)
