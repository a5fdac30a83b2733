-- However a service's name is written, the same writing means the same SKU on every row.
-- Visits that the hub itself changed since are left out.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state IN ('loaded', 'superseded')
)
SELECT min(record.id) AS source_record_id, count(DISTINCT service.sku) AS skus
FROM source_link AS link
JOIN source_record AS record ON record.id = link.source_record_id
JOIN visit ON visit.id = link.canonical_id
JOIN import ON import.finished_at = visit.updated_at
JOIN service ON service.id = visit.service_id
WHERE link.system = :'system'
  AND link.kind = 'visit'
GROUP BY lower(btrim(:visit_service_id_text))
HAVING count(DISTINCT service.sku) > 1
