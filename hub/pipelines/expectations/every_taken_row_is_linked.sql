-- A row that was loaded or merged is linked to the record that its verdict names, by its own id in its own system; of a
-- person who was merged since, to the one who counts.
SELECT verdict.file, verdict.line
FROM current_disposition AS verdict
JOIN import_batch AS batch ON batch.id = verdict.batch_id
JOIN source_record AS record ON record.id = verdict.source_record_id
LEFT JOIN source_link AS link
  ON link.system = record.system AND link.kind = record.kind AND link.source_id = record.source_id
LEFT JOIN patient ON patient.id = verdict.canonical_id
WHERE verdict.system = :'system'
  AND (batch.stage <> 'import' OR batch.id = (
    SELECT max(id) FROM import_batch WHERE system = :'system' AND stage = 'import' AND state = 'loaded'
  ))
  AND verdict.verdict IN ('loaded', 'merged', 'review')
  AND NOT (verdict.canonical_id IS NULL AND verdict.reason IN ('repeated', 'superseded'))
  AND coalesce(patient.merged_into, link.canonical_id, '') <> verdict.canonical_id
  AND link.canonical_id IS DISTINCT FROM verdict.canonical_id
