-- No row that landed was lost on the way: each has a verdict.
SELECT record.id AS source_record_id
FROM source_record AS record
WHERE record.system = :'system'
  AND record.file IS NOT NULL
  AND NOT EXISTS (SELECT FROM disposition WHERE disposition.source_record_id = record.id)
