-- To the cent as much was paid, taken as fees and deposits, and given back in each month as the rows that were taken say.
-- Dates, amounts and types are read from the rows' own text in PostgreSQL, by another path than the import.
WITH taken AS (
    SELECT payload, link.canonical_id
    FROM source_link AS link
    JOIN source_record AS record ON record.id = link.source_record_id
    WHERE link.system = :'system' AND link.kind = 'payment'
), written AS (
    SELECT
        CASE
            WHEN btrim(payload ->> 'Date') ~ '^\d\d\d\d-\d\d-\d\d$' THEN to_date(payload ->> 'Date', 'YYYY-MM-DD')
            WHEN btrim(payload ->> 'Date') ~ '^\d\d?/\d\d?/\d\d\d\d$' THEN to_date(payload ->> 'Date', 'MM/DD/YYYY')
            WHEN btrim(payload ->> 'Date') ~ '^\d\d?-\D\D\D-\d\d\d\d$' THEN to_date(payload ->> 'Date', 'DD-Mon-YYYY')
        END AS day,
        CASE
            WHEN lower(payload ->> 'Type') ~ 'refund|chargeback' THEN 'refund'
            WHEN lower(payload ->> 'Type') ~ 'deposit|prepay|retainer' THEN 'deposit'
            WHEN lower(payload ->> 'Type') ~ 'fee' THEN 'fee'
            ELSE 'payment'
        END AS kind,
        CASE
            WHEN lower(payload ->> 'Type') ~ 'refund|chargeback' THEN -1
            WHEN payload ->> 'Amount' ~ '[-(]' THEN -1
            ELSE 1
        END * round(100 * CASE
            WHEN payload ->> 'Amount' ~ ',\d\d\D*$'
                THEN replace(regexp_replace(payload ->> 'Amount', '[^0-9,]', '', 'g'), ',', '.')
            ELSE regexp_replace(payload ->> 'Amount', '[^0-9.]', '', 'g')
        END::numeric) AS minor
    FROM taken
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
