DELETE FROM indexer_skippedfile
 WHERE ref_id = %(ref_id)s
   AND (%(is_whole)s OR path IN (SELECT path FROM planned_change))
