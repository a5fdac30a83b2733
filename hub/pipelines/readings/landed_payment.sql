-- The row of every payment that is linked, as bare text, beside the payment that it became.
SELECT coalesce(:payment_paid_on_text, '') AS payment_paid_on_text,
    coalesce(:payment_kind_text, '') AS kind_said,
    coalesce(:payment_amount_text, '') AS amount_said,
    coalesce(:payment_method_text, '') AS payment_method_text,
    btrim(:payment_visit_id_text) AS payment_visit_id_text,
    payment.id, payment.visit_id, payment.method, payment.amount_minor,
    payment.id IS NOT NULL AND import.finished_at IS NULL AS is_changed
FROM source_link AS link
JOIN source_record AS record
  ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
LEFT JOIN payment ON payment.id = link.canonical_id
LEFT JOIN (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state IN ('loaded', 'superseded')
) AS import ON import.finished_at = payment.updated_at
WHERE link.system = :'system' AND link.kind = 'payment'
