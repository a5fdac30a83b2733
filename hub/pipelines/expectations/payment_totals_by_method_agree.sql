-- Whatever the source's words for a way to pay mean, the same word means the same on every row, and its payments add up to
-- what the rows' own text says.
WITH taken AS MATERIALIZED (
    SELECT payment_method_text, kind_said, amount_said, method, count(*) AS payments, sum(amount_minor) AS found
    FROM :landed_payment
    GROUP BY 1, 2, 3, 4
), said AS (
    SELECT lower(btrim(payment_method_text)) AS word, method, found, payments * :payment_amount_read AS minor FROM taken
)
SELECT word
FROM said
GROUP BY word
HAVING sum(minor) IS DISTINCT FROM sum(found)
    OR count(DISTINCT coalesce(method, '')) > 1
