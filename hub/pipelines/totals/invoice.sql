-- Invoices and what they charge, by month and state. Invoices that the hub itself changed since are left out on both sides.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state IN ('loaded', 'superseded')
), said AS (
    SELECT to_char((:invoice_issued_on)::date, 'YYYY-MM') AS month, (:invoice_state)::text AS state,
        :invoice_total AS minor
    FROM source_link AS link
    JOIN source_record AS record
      ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
    LEFT JOIN invoice ON invoice.id = link.canonical_id
    LEFT JOIN import ON import.finished_at = invoice.updated_at
    WHERE link.system = :'system'
      AND link.kind = 'invoice'
      AND (invoice.id IS NULL OR import.finished_at IS NOT NULL)
), found AS (
    SELECT to_char(issued_on, 'YYYY-MM') AS month, state, total_minor AS minor
    FROM invoice
    JOIN import ON import.finished_at = invoice.updated_at
    JOIN source_link AS link
      ON link.system = :'system' AND link.kind = 'invoice' AND link.canonical_id = invoice.id
), sides AS (
    SELECT 'said' AS side, said.* FROM said
    UNION ALL
    SELECT 'found', found.* FROM found
)
SELECT side, dimension, total.value, count(*) AS number, coalesce(sum(total.minor), 0) AS minor
FROM sides
CROSS JOIN LATERAL (
    VALUES ('month', month, minor), ('state', state, minor)
) AS total (dimension, value, minor)
GROUP BY 1, 2, 3
