-- Whatever the source's words for a status mean, the same word means the same state on every row.
-- Visits that the hub itself changed since are left out.
WITH written AS (
    SELECT visit_state_text, state, min(source_record_id) AS source_record_id
    FROM :landed_visit
    WHERE id IS NOT NULL AND NOT is_changed
    GROUP BY 1, 2
)
SELECT min(source_record_id) AS source_record_id, array_agg(DISTINCT state) AS states
FROM written
GROUP BY lower(btrim(visit_state_text))
HAVING count(DISTINCT state) > 1
