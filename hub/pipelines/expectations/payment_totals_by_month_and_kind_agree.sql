-- To the cent as much was paid, taken as fees and deposits, and given back in each month as the rows that were taken say.
-- Dates, amounts and types are read from the rows' own text in PostgreSQL, by another path than the import.
WITH day AS MATERIALIZED (
    SELECT said, date_trunc('month', :payment_paid_on_read::timestamp) AS month
    FROM (SELECT DISTINCT payment_paid_on_text AS said FROM :landed_payment) AS told
), counted AS MATERIALIZED (
    SELECT day.month, landed.kind_said, landed.amount_said, count(*) AS payments
    FROM :landed_payment AS landed
    JOIN day ON day.said = landed.payment_paid_on_text
    GROUP BY 1, 2, 3
), written AS (
    SELECT month, payments, :payment_kind_read AS kind, payments * :payment_amount_read AS minor FROM counted
), said AS (
    SELECT month, kind, sum(payments)::bigint AS payments, sum(minor) AS minor FROM written GROUP BY 1, 2
), found AS (
    SELECT date_trunc('month', paid_on::timestamp) AS month, kind, count(*) AS payments, sum(amount_minor) AS minor
    FROM payment
    WHERE id IN (SELECT id FROM :landed_payment) AND state = 'settled'
    GROUP BY 1, 2
)
SELECT to_char(month, 'YYYY-MM') AS month, kind
FROM said
FULL JOIN found USING (month, kind)
WHERE (said.payments, said.minor) IS DISTINCT FROM (found.payments, found.minor)
