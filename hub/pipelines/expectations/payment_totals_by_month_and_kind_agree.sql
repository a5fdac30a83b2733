-- To the cent as much was paid, taken as fees and deposits, and given back in each month as the rows that were taken say.
-- Dates, amounts and types are read from the rows' own text in PostgreSQL, by another path than the import.
WITH taken AS (
    SELECT record.payload, record.source_id, link.canonical_id
    FROM source_link AS link
    JOIN source_record AS record ON record.id = link.source_record_id
    WHERE link.system = :'system' AND link.kind = 'payment'
), written AS (
    SELECT
        :payment_paid_on AS day,
        :payment_kind AS kind,
        :payment_amount AS minor
    FROM taken AS record
), said AS (
    SELECT to_char(day, 'YYYY-MM') AS month, kind, count(*) AS payments, sum(minor) AS minor FROM written GROUP BY 1, 2
), found AS (
    SELECT to_char(paid_on, 'YYYY-MM') AS month, kind, count(*) AS payments, sum(amount_minor) AS minor
    FROM payment
    WHERE id IN (SELECT canonical_id FROM taken) AND state = 'settled'
    GROUP BY 1, 2
)
SELECT month, kind
FROM said
FULL JOIN found USING (month, kind)
WHERE (said.payments, said.minor) IS DISTINCT FROM (found.payments, found.minor)
