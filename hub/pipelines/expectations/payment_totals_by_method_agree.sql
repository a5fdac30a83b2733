-- Whatever the source's words for a way to pay mean, the same word means the same on every row, and its payments add up to
-- what the rows' own text says.
WITH taken AS MATERIALIZED (
    SELECT :payment_method_text AS written, coalesce(:payment_kind_text, '') AS kind_said,
        coalesce(:payment_amount_text, '') AS amount_said, payment.method, count(*) AS payments,
        sum(payment.amount_minor) AS found
    FROM source_link AS link
    JOIN source_record AS record
      ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
    LEFT JOIN payment ON payment.id = link.canonical_id
    WHERE link.system = :'system' AND link.kind = 'payment'
    GROUP BY 1, 2, 3, 4
), said AS (
    SELECT lower(btrim(written)) AS word, method, found, payments * :payment_amount_read AS minor FROM taken
)
SELECT word
FROM said
GROUP BY word
HAVING sum(minor) IS DISTINCT FROM sum(found)
    OR count(DISTINCT coalesce(method, '')) > 1
