-- However a service's name is written, the same writing means the same SKU on every row.
-- Visits that the hub itself changed since are left out.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state IN ('loaded', 'superseded')
), written AS (
    SELECT :visit_service_id_text AS name, visit.service_id, min(record.id) AS source_record_id
    FROM source_link AS link
    JOIN source_record AS record
      ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
    JOIN visit ON visit.id = link.canonical_id
    JOIN import ON import.finished_at = visit.updated_at
    WHERE link.system = :'system'
      AND link.kind = 'visit'
    GROUP BY 1, 2
)
SELECT min(written.source_record_id) AS source_record_id, count(DISTINCT service.sku) AS skus
FROM written
JOIN service ON service.id = written.service_id
GROUP BY lower(btrim(written.name))
HAVING count(DISTINCT service.sku) > 1
