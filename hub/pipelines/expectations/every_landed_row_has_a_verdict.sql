-- No row that landed was lost on the way: each has a verdict, and rows of money and stock have where any of their file has.
SELECT record.id AS source_record_id
FROM source_record AS record
WHERE record.system = :'system'
  AND record.file IS NOT NULL
  AND (record.kind IN ('patient', 'provider', 'service', 'visit')
    OR record.file IN (SELECT DISTINCT file FROM disposition))
  AND NOT EXISTS (SELECT FROM disposition WHERE disposition.source_record_id = record.id)
