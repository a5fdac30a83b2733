-- Whatever the source's words for a way to pay mean, the same word means the same on every row, and its payments add up to
-- what the rows' own text says.
WITH taken AS (
    SELECT record.payload, record.source_id, link.canonical_id
    FROM source_link AS link
    JOIN source_record AS record ON record.id = link.source_record_id
    WHERE link.system = :'system' AND link.kind = 'payment'
), written AS (
    SELECT lower(btrim(:payment_method_text)) AS word, canonical_id,
        :payment_amount AS minor
    FROM taken AS record
)
SELECT word
FROM written
LEFT JOIN payment ON payment.id = written.canonical_id
GROUP BY word
HAVING sum(written.minor) IS DISTINCT FROM sum(payment.amount_minor)
    OR count(DISTINCT coalesce(payment.method, '')) > 1
