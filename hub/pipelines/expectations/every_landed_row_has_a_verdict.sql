-- No row that landed was lost on the way: each of a kind that is read today has a verdict.
SELECT record.id AS source_record_id
FROM source_record AS record
WHERE record.system = :'system'
  AND record.file IS NOT NULL
  AND record.kind IN ('patient', 'provider', 'service', 'visit')
  AND NOT EXISTS (SELECT FROM disposition WHERE disposition.source_record_id = record.id)
