-- What stands directly below some folders of one ref, folders with the number of visible files in them.
-- A folder is written with its slash, the root as an empty text.
SELECT folder.path AS folder,
       split_part(substr(visible.path, length(folder.path) + 1), '/', 1) AS name,
       strpos(substr(visible.path, length(folder.path) + 1), '/') > 0 AS is_folder,
       count(*) AS files
  FROM visible
  JOIN unnest(%(looked_into)s::text[]) AS folder(path) ON starts_with(visible.path, folder.path)
 -- Of one folder alone, its path again: looked at before the rules are, which take longer.
 WHERE starts_with(visible.path, %(within)s)
 GROUP BY folder.path, name, is_folder
