-- What is in quarantine stands nowhere else.
SELECT verdict.file, verdict.line
FROM current_disposition AS verdict
WHERE verdict.system = :'system'
  AND verdict.verdict = 'quarantined'
  AND (
    verdict.canonical_id IS NOT NULL
    OR EXISTS (
      SELECT FROM source_link AS link
      WHERE link.source_record_id = verdict.source_record_id AND link.canonical_id IS NOT NULL
    )
  )
