-- The text of a visible README in the topmost folder.
SELECT blob.text
  FROM visible
  JOIN indexer_blob AS blob ON blob.id = visible.blob_id
 WHERE visible.path ~* '^readme(\.[a-z]+)?$'
 ORDER BY visible.path
 LIMIT 1
