-- What is in quarantine stands nowhere else.
SELECT verdict.file, verdict.line
FROM current_disposition AS verdict
WHERE verdict.system = :'system'
  AND verdict.verdict = 'quarantined'
  AND (
    verdict.canonical_id IS NOT NULL
    OR EXISTS (SELECT FROM visit WHERE visit.source_record_id = verdict.source_record_id)
    OR EXISTS (SELECT FROM patient WHERE patient.source_record_id = verdict.source_record_id)
  )
