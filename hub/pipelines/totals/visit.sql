-- Visits and their prices, by month, provider, service and status. Visits that the hub itself changed since are left out
-- on both sides.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state IN ('loaded', 'superseded')
), sku AS (
    SELECT DISTINCT ON (1) regexp_replace(lower(:service_name_text), '\W|_', '', 'g') AS name, service.sku
    FROM source_link AS link
    JOIN source_record AS record ON record.id = link.source_record_id
    JOIN service ON service.id = link.canonical_id
    WHERE link.system = :'system' AND link.kind = 'service'
    ORDER BY 1, service.sku
), linked AS (
    SELECT to_char(:visit_start, 'YYYY-MM') AS month,
        btrim(:visit_provider_id_text) AS provider,
        regexp_replace(lower(:visit_service_id_text), '\W|_', '', 'g') AS service_name,
        service.sku AS standing_sku,
        :visit_state AS status,
        :visit_price AS minor
    FROM source_link AS link
    JOIN source_record AS record ON record.id = link.source_record_id
    LEFT JOIN visit ON visit.id = link.canonical_id
    LEFT JOIN import ON import.finished_at = visit.updated_at
    LEFT JOIN service ON service.id = visit.service_id
    WHERE link.system = :'system'
      AND link.kind = 'visit'
      AND (visit.id IS NULL OR import.finished_at IS NOT NULL)
), said AS (
    SELECT linked.month, provider.canonical_id AS provider, coalesce(sku.sku, linked.standing_sku) AS service,
        linked.status, linked.minor
    FROM linked
    LEFT JOIN source_link AS provider
      ON provider.system = :'system' AND provider.kind = 'provider' AND provider.source_id = linked.provider
    LEFT JOIN sku ON sku.name = linked.service_name
), found AS (
    SELECT to_char(visit.start AT TIME ZONE coalesce(location.zone, :'zone'), 'YYYY-MM') AS month,
        visit.provider_id AS provider, service.sku AS service, visit.state AS status, visit.price_minor AS minor
    FROM visit
    JOIN import ON import.finished_at = visit.updated_at
    LEFT JOIN location ON location.id = visit.location_id
    LEFT JOIN service ON service.id = visit.service_id
    WHERE visit.origin = :'system'
), sides AS (
    SELECT 'said' AS side, said.* FROM said
    UNION ALL
    SELECT 'found', found.* FROM found
), counted AS (
    SELECT side, grouping(month) AS by_month, grouping(provider) AS by_provider, grouping(service) AS by_service,
        month, provider, service, status, count(*) AS number, coalesce(sum(minor), 0)::bigint AS minor
    FROM sides
    GROUP BY GROUPING SETS ((side, month), (side, provider), (side, service), (side, status))
)
SELECT CASE 0 WHEN by_month THEN 'month' WHEN by_provider THEN 'provider' WHEN by_service THEN 'service' ELSE 'status' END
        AS dimension,
    coalesce(month, provider, service, status, '') AS value,
    coalesce(max(number) FILTER (WHERE side = 'said'), 0) AS said,
    coalesce(max(number) FILTER (WHERE side = 'found'), 0) AS found,
    coalesce(max(minor) FILTER (WHERE side = 'said'), 0) AS said_minor,
    coalesce(max(minor) FILTER (WHERE side = 'found'), 0) AS found_minor
FROM counted
GROUP BY 1, 2
