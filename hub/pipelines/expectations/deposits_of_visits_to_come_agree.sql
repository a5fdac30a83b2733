-- What was paid ahead for a visit to come, less what went back, is its deposit: the fee is taken from that, and only from that.
WITH paid AS (
    SELECT visit.canonical_id AS visit_id, :payment_amount AS minor
    FROM source_link AS link
    JOIN source_record AS record
      ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
    JOIN source_link AS visit
      ON visit.system = link.system AND visit.kind = 'visit' AND visit.source_id = btrim(:payment_visit_id_text)
    WHERE link.system = :'system'
      AND link.kind = 'payment'
      AND :payment_kind IN ('deposit', 'refund')
)
SELECT visit.id AS visit_id
FROM paid
JOIN visit ON visit.id = paid.visit_id
WHERE visit.state = 'booked' AND visit.start > now() AND visit.price_minor IS NOT NULL
GROUP BY visit.id
HAVING greatest(sum(paid.minor), 0) IS DISTINCT FROM visit.deposit_minor
