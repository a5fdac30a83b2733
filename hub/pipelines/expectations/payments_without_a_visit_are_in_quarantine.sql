-- A payment was taken where its visit is here, and waits as an orphan where it is not.
SELECT verdict.file, verdict.line
FROM disposition AS verdict
JOIN source_record AS record ON record.id = verdict.source_record_id AND record.kind = 'payment'
LEFT JOIN source_link AS visit
  ON visit.system = :'system' AND visit.kind = 'visit' AND visit.source_id = btrim(:payment_visit_id_text)
WHERE verdict.batch_id = (
    SELECT id FROM import_batch WHERE system = :'system' AND state = 'loaded' ORDER BY id DESC LIMIT 1
  )
  AND ((visit.canonical_id IS NULL AND verdict.verdict = 'loaded')
    OR (visit.canonical_id IS NOT NULL AND verdict.reason = 'orphan_visit'))
