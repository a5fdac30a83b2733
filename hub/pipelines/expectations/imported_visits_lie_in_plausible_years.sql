-- No visit before there were such practices, and none more than five years after its import.
SELECT visit.id AS visit_id
FROM source_link AS link
JOIN visit ON visit.id = link.canonical_id
JOIN import_batch AS batch ON batch.id = link.batch_id
WHERE link.system = :'system'
  AND link.kind = 'visit'
  AND (visit.start < timestamptz '1990-01-01 00:00+00' OR visit.start > batch.started_at + interval '1831 days')
