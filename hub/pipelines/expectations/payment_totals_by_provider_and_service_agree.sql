-- What was paid adds up by provider and by service, too: on one side by what payments and appointments say in their own
-- text, on the other by the visits that the payments are for. Visits that the hub itself changed since are left out.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state = 'loaded'
), paid AS (
    SELECT payment.visit_id, payment.amount_minor AS found, btrim(:payment_visit_id_text) AS appointment,
        :payment_amount AS minor
    FROM source_link AS link
    JOIN source_record AS record ON record.id = link.source_record_id
    LEFT JOIN payment ON payment.id = link.canonical_id
    WHERE link.system = :'system' AND link.kind = 'payment'
), visited AS (
    SELECT link.source_id AS appointment, link.canonical_id AS visit_id, btrim(:visit_provider_id_text) AS staff,
        btrim(:visit_service_id_text) AS service
    FROM source_link AS link
    JOIN source_record AS record ON record.id = link.source_record_id
    JOIN visit ON visit.id = link.canonical_id
    JOIN import ON import.finished_at = visit.updated_at
    WHERE link.system = :'system' AND link.kind = 'visit'
), named AS (
    SELECT DISTINCT btrim(:service_name_text) AS name, service.sku
    FROM source_link AS link
    JOIN source_record AS record ON record.id = link.source_record_id
    JOIN service ON service.id = link.canonical_id
    WHERE link.system = :'system' AND link.kind = 'service'
), said AS (
    SELECT 'provider' AS of, provider.canonical_id AS name, sum(paid.minor) AS minor
    FROM paid
    JOIN visited USING (appointment)
    JOIN source_link AS provider
      ON provider.system = :'system' AND provider.kind = 'provider' AND provider.source_id = visited.staff
    GROUP BY 2
    UNION ALL
    SELECT 'service', named.sku, sum(paid.minor)
    FROM paid
    JOIN visited USING (appointment)
    JOIN named ON named.name = visited.service
    GROUP BY 2
), found AS (
    SELECT 'provider' AS of, visit.provider_id AS name, sum(paid.found) AS minor
    FROM paid
    JOIN visited ON visited.visit_id = paid.visit_id
    JOIN visit ON visit.id = paid.visit_id
    WHERE visit.provider_id IS NOT NULL
    GROUP BY 2
    UNION ALL
    SELECT 'service', service.sku, sum(paid.found)
    FROM paid
    JOIN visited ON visited.visit_id = paid.visit_id
    JOIN visit ON visit.id = paid.visit_id
    JOIN service ON service.id = visit.service_id
    WHERE visited.service IN (SELECT name FROM named)
    GROUP BY 2
)
SELECT of, name
FROM said
FULL JOIN found USING (of, name)
WHERE said.minor IS DISTINCT FROM found.minor
