-- What is in quarantine stands nowhere else.
SELECT verdict.file, verdict.line
FROM disposition AS verdict
JOIN (
    SELECT id FROM import_batch WHERE system = :'system' AND state = 'loaded' ORDER BY id DESC LIMIT 1
) AS batch ON batch.id = verdict.batch_id
WHERE verdict.verdict = 'quarantined'
  AND (
    verdict.canonical_id IS NOT NULL
    OR EXISTS (SELECT FROM visit WHERE visit.source_record_id = verdict.source_record_id)
    OR EXISTS (SELECT FROM patient WHERE patient.source_record_id = verdict.source_record_id)
  )
