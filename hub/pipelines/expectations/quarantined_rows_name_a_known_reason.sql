-- Whoever looks into the quarantine reads one of the known reason codes.
SELECT verdict.file, verdict.line, verdict.reason
FROM disposition AS verdict
JOIN import_batch AS batch ON batch.id = verdict.batch_id AND batch.system = :'system'
WHERE verdict.verdict = 'quarantined'
  AND verdict.reason NOT IN (
    'bad_times', 'bad_date', 'implausible_date', 'bad_money', 'orphan_patient', 'orphan_visit', 'unknown_service',
    'unknown_code', 'bad_count', 'unknown_product'
  )
