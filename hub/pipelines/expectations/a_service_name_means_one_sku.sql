-- However a service's name is written, the same writing means the same SKU on every row.
-- Visits that the hub itself changed since are left out.
WITH written AS (
    SELECT visit_service_id_text, service_id, min(source_record_id) AS source_record_id
    FROM :landed_visit
    WHERE id IS NOT NULL AND NOT is_changed
    GROUP BY 1, 2
)
SELECT min(written.source_record_id) AS source_record_id, count(DISTINCT service.sku) AS skus
FROM written
JOIN service ON service.id = written.service_id
GROUP BY lower(btrim(written.visit_service_id_text))
HAVING count(DISTINCT service.sku) > 1
