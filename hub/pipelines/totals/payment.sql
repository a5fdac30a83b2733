-- Payments and their amounts, by month and type; what goes back counts below nothing. Payments that the hub itself changed
-- since are left out on both sides.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state IN ('loaded', 'superseded')
), day AS MATERIALIZED (
    SELECT said, date_trunc('month', :payment_paid_on_read::timestamp) AS month
    FROM (SELECT DISTINCT payment_paid_on_text AS said FROM :landed_payment) AS told
), amount AS MATERIALIZED (
    SELECT kind_said, amount_said, :payment_kind_read AS type, :payment_amount_read AS minor
    FROM (SELECT DISTINCT kind_said, amount_said FROM :landed_payment) AS told
), sides AS (
    SELECT 'said' AS side, day.month, amount.type, count(*) AS number, sum(amount.minor) AS minor
    FROM :landed_payment AS landed
    JOIN day ON day.said = landed.payment_paid_on_text
    JOIN amount USING (kind_said, amount_said)
    WHERE NOT landed.is_changed
    GROUP BY 2, 3
    UNION ALL
    SELECT 'found', date_trunc('month', payment.paid_on::timestamp), payment.kind, count(*), sum(payment.amount_minor)
    FROM payment
    JOIN import ON import.finished_at = payment.updated_at
    JOIN source_link AS link
      ON link.system = :'system' AND link.kind = 'payment' AND link.canonical_id = payment.id
    GROUP BY 2, 3
), counted AS (
    SELECT side, grouping(month) AS by_month, to_char(month, 'YYYY-MM') AS month, type, sum(number) AS number,
        coalesce(sum(minor), 0) AS minor
    FROM sides
    GROUP BY GROUPING SETS ((side, month), (side, type))
)
SELECT side, CASE by_month WHEN 0 THEN 'month' ELSE 'type' END AS dimension, coalesce(month, type) AS value, number,
    minor
FROM counted
