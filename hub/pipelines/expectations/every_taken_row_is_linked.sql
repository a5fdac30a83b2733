-- A row that was loaded or merged is linked to the record that its verdict names, by its own id in its own system.
SELECT verdict.file, verdict.line
FROM disposition AS verdict
JOIN (
    SELECT id FROM import_batch WHERE system = :'system' AND state = 'loaded' ORDER BY id DESC LIMIT 1
) AS batch ON batch.id = verdict.batch_id
JOIN source_record AS record ON record.id = verdict.source_record_id
LEFT JOIN source_link AS link
  ON link.system = record.system AND link.kind = record.kind AND link.source_id = record.source_id
WHERE verdict.verdict IN ('loaded', 'merged')
  AND link.canonical_id IS DISTINCT FROM verdict.canonical_id
