-- Neither a visit's nor a service's price is below nothing.
SELECT 'visit' AS kind, visit.id
FROM source_link AS link
JOIN visit ON visit.id = link.canonical_id
WHERE link.system = :'system' AND link.kind = 'visit' AND visit.price_minor < 0
UNION ALL
SELECT 'service', service.id
FROM source_link AS link
JOIN service ON service.id = link.canonical_id
WHERE link.system = :'system' AND link.kind = 'service' AND service.price_minor < 0
