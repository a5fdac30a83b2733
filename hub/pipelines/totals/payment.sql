-- Payments and their amounts, by month and type; what goes back counts below nothing. Payments that the hub itself changed
-- since are left out on both sides.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state IN ('loaded', 'superseded')
), landed AS MATERIALIZED (
    SELECT coalesce(:payment_paid_on_text, '') AS day, coalesce(:payment_kind_text, '') AS kind_said,
        coalesce(:payment_amount_text, '') AS amount_said
    FROM source_link AS link
    JOIN source_record AS record
      ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
    LEFT JOIN payment ON payment.id = link.canonical_id
    LEFT JOIN import ON import.finished_at = payment.updated_at
    WHERE link.system = :'system'
      AND link.kind = 'payment'
      AND (payment.id IS NULL OR import.finished_at IS NOT NULL)
), day AS MATERIALIZED (
    SELECT said, date_trunc('month', :payment_paid_on_read::timestamp) AS month
    FROM (SELECT DISTINCT day AS said FROM landed) AS told
), amount AS MATERIALIZED (
    SELECT kind_said, amount_said, :payment_kind_read AS type, :payment_amount_read AS minor
    FROM (SELECT DISTINCT kind_said, amount_said FROM landed) AS told
), sides AS (
    SELECT 'said' AS side, day.month, amount.type, count(*) AS number, sum(amount.minor) AS minor
    FROM landed
    JOIN day ON day.said = landed.day
    JOIN amount USING (kind_said, amount_said)
    GROUP BY 2, 3
    UNION ALL
    SELECT 'found', date_trunc('month', payment.paid_on::timestamp), payment.kind, count(*), sum(payment.amount_minor)
    FROM payment
    JOIN import ON import.finished_at = payment.updated_at
    JOIN source_link AS link
      ON link.system = :'system' AND link.kind = 'payment' AND link.canonical_id = payment.id
    GROUP BY 2, 3
), counted AS (
    SELECT side, grouping(month) AS by_month, to_char(month, 'YYYY-MM') AS month, type, sum(number)::bigint AS number,
        coalesce(sum(minor), 0)::bigint AS minor
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
