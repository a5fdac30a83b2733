-- Payments and their amounts, by month and type; what goes back counts below nothing. Payments that the hub itself changed
-- since are left out on both sides.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state IN ('loaded', 'superseded')
), linked AS (
    SELECT to_char(:payment_paid_on, 'YYYY-MM') AS month, :payment_kind AS type,
        :payment_amount AS minor
    FROM source_link AS link
    JOIN source_record AS record ON record.id = link.source_record_id
    LEFT JOIN payment ON payment.id = link.canonical_id
    LEFT JOIN import ON import.finished_at = payment.updated_at
    WHERE link.system = :'system'
      AND link.kind = 'payment'
      AND (payment.id IS NULL OR import.finished_at IS NOT NULL)
), found AS (
    SELECT to_char(payment.paid_on, 'YYYY-MM') AS month, payment.kind AS type,
        payment.amount_minor AS minor
    FROM payment
    JOIN import ON import.finished_at = payment.updated_at
    JOIN source_link AS link
      ON link.system = :'system' AND link.kind = 'payment' AND link.canonical_id = payment.id
), sides AS (
    SELECT 'said' AS side, month, type, minor FROM linked
    UNION ALL
    SELECT 'found', month, type, minor FROM found
), counted AS (
    SELECT side, grouping(month) AS by_month, month, type, count(*) AS number, coalesce(sum(minor), 0)::bigint AS minor
    FROM sides
    GROUP BY GROUPING SETS ((side, month), (side, type))
)
SELECT CASE by_month WHEN 0 THEN 'month' ELSE 'type' END AS dimension,
    coalesce(month, type, '') AS value,
    coalesce(max(number) FILTER (WHERE side = 'said'), 0) AS said,
    coalesce(max(number) FILTER (WHERE side = 'found'), 0) AS found,
    coalesce(max(minor) FILTER (WHERE side = 'said'), 0) AS said_minor,
    coalesce(max(minor) FILTER (WHERE side = 'found'), 0) AS found_minor
FROM counted
GROUP BY 1, 2
