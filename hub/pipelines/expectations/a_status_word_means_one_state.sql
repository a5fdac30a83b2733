-- Whatever the source's words for a status mean, the same word means the same state on every row.
-- Visits that the hub itself changed since are left out.
WITH batch AS (
    SELECT finished_at FROM import_batch WHERE system = :'system' AND state = 'loaded' ORDER BY id DESC LIMIT 1
)
SELECT lower(btrim(record.payload ->> 'Status')) AS word
FROM batch
JOIN source_link AS link ON link.system = :'system' AND link.kind = 'visit'
JOIN source_record AS record ON record.id = link.source_record_id
JOIN visit ON visit.id = link.canonical_id AND visit.updated_at <= batch.finished_at
GROUP BY 1
HAVING count(DISTINCT visit.state) > 1
