-- Duplicates of a service are kept for what names them, but history adds up per SKU: visits point to the one that stayed.
SELECT visit.id AS visit_id
FROM source_link AS link
JOIN visit ON visit.id = link.canonical_id
JOIN service ON service.id = visit.service_id
WHERE link.system = :'system'
  AND link.kind = 'visit'
  AND service.archived
