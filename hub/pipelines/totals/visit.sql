-- Visits and their prices, by month, provider, service and status. Visits that the hub itself changed since are left out
-- on both sides.
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
), day AS MATERIALIZED (
    SELECT said, date_trunc('month', :visit_start_date_read::timestamp) AS month
    FROM (SELECT DISTINCT visit_start_date_text AS said FROM :landed_visit) AS told
), provider AS MATERIALIZED (
    SELECT said, link.canonical_id AS id
    FROM (SELECT DISTINCT visit_provider_id_text AS said FROM :landed_visit) AS told
    JOIN source_link AS link ON link.system = :'system' AND link.kind = 'provider' AND link.source_id = btrim(said)
), named AS MATERIALIZED (
    SELECT said, sku.sku
    FROM (SELECT DISTINCT visit_service_id_text AS said FROM :landed_visit) AS told
    JOIN sku ON sku.name = regexp_replace(lower(said), '(?<!\d)[^\w%+]|[^\w%+](?!\d)|_', '', 'g')
), state AS MATERIALIZED (
    SELECT said, (:visit_state_read)::text AS status FROM (SELECT DISTINCT visit_state_text AS said FROM :landed_visit) AS told
), price AS MATERIALIZED (
    SELECT said, (:visit_price_read)::bigint AS minor FROM (SELECT DISTINCT visit_price_text AS said FROM :landed_visit) AS told
), sides AS (
    SELECT 'said' AS side, day.month, provider.id AS provider, coalesce(named.sku, standing.sku) AS service,
        state.status, count(*) AS number, sum(price.minor) AS minor
    FROM :landed_visit AS landed
    LEFT JOIN service AS standing ON standing.id = landed.service_id
    JOIN day ON day.said = landed.visit_start_date_text
    LEFT JOIN provider ON provider.said = landed.visit_provider_id_text
    LEFT JOIN named ON named.said = landed.visit_service_id_text
    JOIN state ON state.said = landed.visit_state_text
    JOIN price ON price.said = landed.visit_price_text
    WHERE NOT landed.is_changed
    GROUP BY 2, 3, 4, 5
    UNION ALL
    SELECT 'found', date_trunc('month', visit.start AT TIME ZONE coalesce(location.zone, :'zone')), visit.provider_id,
        service.sku, visit.state, count(*), sum(visit.price_minor)
    FROM visit
    JOIN import ON import.finished_at = visit.updated_at
    LEFT JOIN location ON location.id = visit.location_id
    LEFT JOIN service ON service.id = visit.service_id
    WHERE visit.origin = :'system'
    GROUP BY 2, 3, 4, 5
), counted AS (
    SELECT side, grouping(month) AS by_month, grouping(provider) AS by_provider, grouping(service) AS by_service,
        to_char(month, 'YYYY-MM') AS month, provider, service, status, sum(number) AS number,
        coalesce(sum(minor), 0) AS minor
    FROM sides
    GROUP BY GROUPING SETS ((side, month), (side, provider), (side, service), (side, status))
)
SELECT side,
    CASE 0 WHEN by_month THEN 'month' WHEN by_provider THEN 'provider' WHEN by_service THEN 'service' ELSE 'status' END
        AS dimension,
    coalesce(month, provider, service, status) AS value, number, minor
FROM counted
