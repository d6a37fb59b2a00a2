-- How many contents of the plan are not stored in their present form.
SELECT count(*)
  FROM planned_change AS change
 WHERE change.oid <> ''
   AND NOT EXISTS (SELECT 1 FROM indexer_blob AS blob
                    WHERE blob.oid = change.oid AND blob.reader_version >= %(version)s)
