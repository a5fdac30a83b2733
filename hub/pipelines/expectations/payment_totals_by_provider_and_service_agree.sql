-- What was paid adds up by provider and by service, too: on one side by what payments and appointments say in their own
-- text, on the other by the visits that the payments are for. Visits that the hub itself changed since are left out.
WITH amount AS MATERIALIZED (
    SELECT kind_said, amount_said, :payment_amount_read AS minor
    FROM (SELECT DISTINCT kind_said, amount_said FROM :landed_payment) AS told
), named AS MATERIALIZED (
    SELECT DISTINCT btrim(:service_name_text) AS name, service.sku
    FROM source_link AS link
    JOIN source_record AS record
      ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
    JOIN service ON service.id = link.canonical_id
    WHERE link.system = :'system' AND link.kind = 'service'
), by_text AS MATERIALIZED (
    SELECT visited.visit_provider_id_text AS staff, visited.visit_service_id_text AS service, sum(amount.minor) AS minor
    FROM :landed_payment AS paid
    JOIN amount USING (kind_said, amount_said)
    JOIN :landed_visit AS visited ON visited.source_id = paid.payment_visit_id_text
    WHERE visited.id IS NOT NULL AND NOT visited.is_changed
    GROUP BY 1, 2
), by_visit AS MATERIALIZED (
    SELECT visited.provider_id, visited.service_id, visited.visit_service_id_text AS service, sum(paid.amount_minor) AS minor
    FROM :landed_payment AS paid
    JOIN :landed_visit AS visited ON visited.id = paid.visit_id
    WHERE NOT visited.is_changed
    GROUP BY 1, 2, 3
), said AS (
    SELECT 'provider' AS of, provider.canonical_id AS name, sum(by_text.minor) AS minor
    FROM by_text
    JOIN source_link AS provider
      ON provider.system = :'system' AND provider.kind = 'provider' AND provider.source_id = btrim(by_text.staff)
    GROUP BY 2
    UNION ALL
    SELECT 'service', named.sku, sum(by_text.minor)
    FROM by_text
    JOIN named ON named.name = btrim(by_text.service)
    GROUP BY 2
), found AS (
    SELECT 'provider' AS of, provider_id AS name, sum(minor) AS minor
    FROM by_visit
    WHERE provider_id IS NOT NULL
    GROUP BY 2
    UNION ALL
    SELECT 'service', service.sku, sum(by_visit.minor)
    FROM by_visit
    JOIN service ON service.id = by_visit.service_id
    WHERE btrim(by_visit.service) IN (SELECT name FROM named)
    GROUP BY 2
)
SELECT of, name
FROM said
FULL JOIN found USING (of, name)
WHERE said.minor IS DISTINCT FROM found.minor
