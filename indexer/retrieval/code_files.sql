-- Every visible document of the asked refs, with what code search filters and certifies.
SELECT visible.source_id, visible.blob_id, visible.path, blob.language,
       ARRAY(SELECT asked_ref.id FROM asked_ref
              WHERE asked_ref.id = ANY(document.refs) ORDER BY asked_ref.id) AS ref_ids,
       used.blob_id IS NOT NULL AS has_trigrams,
       EXISTS (SELECT 1 FROM indexer_finding AS finding
                WHERE finding.blob_id = visible.blob_id AND finding.kind = 'secret') AS is_masked,
       visible.role
  FROM visible
  JOIN indexer_document AS document ON document.id = visible.id
  JOIN indexer_blob AS blob ON blob.id = visible.blob_id
  JOIN indexer_source AS source ON source.id = visible.source_id
  LEFT JOIN indexer_trigramuse AS used ON used.blob_id = visible.blob_id
 ORDER BY source.name, visible.path, visible.id
