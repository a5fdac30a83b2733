-- Whatever the source's words for a way to pay mean, the same word means the same on every row, and its payments add up to
-- what the rows' own text says.
WITH taken AS (
    SELECT payload, link.canonical_id
    FROM source_link AS link
    JOIN source_record AS record ON record.id = link.source_record_id
    WHERE link.system = :'system' AND link.kind = 'payment'
), written AS (
    SELECT lower(btrim(payload ->> 'Method')) AS word, canonical_id,
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
)
SELECT word
FROM written
LEFT JOIN payment ON payment.id = written.canonical_id
GROUP BY word
HAVING sum(written.minor) IS DISTINCT FROM sum(payment.amount_minor)
    OR count(DISTINCT coalesce(payment.method, '')) > 1
