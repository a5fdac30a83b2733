-- No link points into the void.
SELECT link.kind, link.source_id
FROM source_link AS link
WHERE link.system = :'system'
  AND NOT CASE link.kind
    WHEN 'visit' THEN EXISTS (SELECT FROM visit WHERE visit.id = link.canonical_id)
    WHEN 'patient' THEN EXISTS (SELECT FROM patient WHERE patient.id = link.canonical_id)
    WHEN 'provider' THEN EXISTS (SELECT FROM provider WHERE provider.id = link.canonical_id)
    WHEN 'service' THEN EXISTS (SELECT FROM service WHERE service.id = link.canonical_id)
    WHEN 'location' THEN EXISTS (SELECT FROM location WHERE location.id = link.canonical_id)
    WHEN 'resource' THEN EXISTS (SELECT FROM resource WHERE resource.id = link.canonical_id)
    WHEN 'payment' THEN EXISTS (SELECT FROM payment WHERE payment.id = link.canonical_id)
    WHEN 'package' THEN EXISTS (SELECT FROM package WHERE package.id = link.canonical_id)
    WHEN 'invoice' THEN EXISTS (SELECT FROM invoice WHERE invoice.id = link.canonical_id)
    WHEN 'gift_card' THEN EXISTS (SELECT FROM gift_card WHERE gift_card.id = link.canonical_id)
    WHEN 'membership' THEN EXISTS (SELECT FROM membership WHERE membership.id = link.canonical_id)
    WHEN 'lot' THEN EXISTS (SELECT FROM lot WHERE lot.record_id = link.canonical_id)
    ELSE true
  END
