-- To the cent as much was paid, taken as fees and deposits, and given back in each month as the rows that were taken say.
-- Dates, amounts and types are read from the rows' own text in PostgreSQL, by another path than the import.
WITH taken AS MATERIALIZED (
    SELECT coalesce(:payment_paid_on_text, '') AS day, coalesce(:payment_kind_text, '') AS kind_said,
        coalesce(:payment_amount_text, '') AS amount_said, link.canonical_id
    FROM source_link AS link
    JOIN source_record AS record
      ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
    WHERE link.system = :'system' AND link.kind = 'payment'
), day AS MATERIALIZED (
    SELECT said, date_trunc('month', :payment_paid_on_read::timestamp) AS month
    FROM (SELECT DISTINCT day AS said FROM taken) AS told
), counted AS MATERIALIZED (
    SELECT day.month, taken.kind_said, taken.amount_said, count(*) AS payments
    FROM taken
    JOIN day ON day.said = taken.day
    GROUP BY 1, 2, 3
), written AS (
    SELECT month, payments, :payment_kind_read AS kind, payments * :payment_amount_read AS minor FROM counted
), said AS (
    SELECT month, kind, sum(payments)::bigint AS payments, sum(minor) AS minor FROM written GROUP BY 1, 2
), found AS (
    SELECT date_trunc('month', paid_on::timestamp) AS month, kind, count(*) AS payments, sum(amount_minor) AS minor
    FROM payment
    WHERE id IN (SELECT canonical_id FROM taken) AND state = 'settled'
    GROUP BY 1, 2
)
SELECT to_char(month, 'YYYY-MM') AS month, kind
FROM said
FULL JOIN found USING (month, kind)
WHERE (said.payments, said.minor) IS DISTINCT FROM (found.payments, found.minor)
