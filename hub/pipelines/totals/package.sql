-- Sessions that were left of packages when they came, service by service. Packages that the hub itself changed since are
-- left out on both sides.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state IN ('loaded', 'superseded')
), sku AS (
    -- In small letters, without spaces and signs but those between two figures; what that does not tell apart stands not here.
    SELECT regexp_replace(lower(:service_name_text), '(?<!\d)[^\w%+]|[^\w%+](?!\d)|_', '', 'g') AS name,
        min(service.sku) AS sku
    FROM source_link AS link
    JOIN source_record AS record
      ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
    JOIN service ON service.id = link.canonical_id
    WHERE link.system = :'system' AND link.kind = 'service'
    GROUP BY 1
    HAVING count(DISTINCT service.sku) = 1
), linked AS (
    SELECT regexp_replace(lower(:package_service_id_text), '(?<!\d)[^\w%+]|[^\w%+](?!\d)|_', '', 'g') AS service_name,
        service.sku AS standing_sku,
        :package_credits - coalesce(:package_used_before, 0) AS remaining
    FROM source_link AS link
    JOIN source_record AS record
      ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
    LEFT JOIN package ON package.id = link.canonical_id
    LEFT JOIN import ON import.finished_at = package.updated_at
    LEFT JOIN service ON service.id = package.service_id
    WHERE link.system = :'system'
      AND link.kind = 'package'
      AND (package.id IS NULL OR import.finished_at IS NOT NULL)
), sides AS (
    SELECT 'said' AS side, coalesce(sku.sku, linked.standing_sku) AS service, linked.remaining
    FROM linked
    LEFT JOIN sku ON sku.name = linked.service_name
    UNION ALL
    SELECT 'found', service.sku, package.credits - package.used_before
    FROM package
    JOIN import ON import.finished_at = package.updated_at
    JOIN source_link AS link
      ON link.system = :'system' AND link.kind = 'package' AND link.canonical_id = package.id
    LEFT JOIN service ON service.id = package.service_id
)
SELECT side, 'service, sessions left' AS dimension, service AS value, coalesce(sum(remaining), 0) AS number,
    NULL::bigint AS minor
FROM sides
GROUP BY side, service
