-- Whatever the source's words for a status mean, the same word means the same state on every row.
-- Visits that the hub itself changed since are left out.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state IN ('loaded', 'superseded')
), written AS (
    SELECT :visit_state_text AS word, visit.state, min(record.id) AS source_record_id
    FROM source_link AS link
    JOIN source_record AS record
      ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
    JOIN visit ON visit.id = link.canonical_id
    JOIN import ON import.finished_at = visit.updated_at
    WHERE link.system = :'system'
      AND link.kind = 'visit'
    GROUP BY 1, 2
)
SELECT min(source_record_id) AS source_record_id, array_agg(DISTINCT state) AS states
FROM written
GROUP BY lower(btrim(word))
HAVING count(DISTINCT state) > 1
