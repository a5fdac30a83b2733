-- A visit's state is one of the five.
SELECT visit.id AS visit_id
FROM source_link AS link
JOIN visit ON visit.id = link.canonical_id
WHERE link.system = :'system'
  AND link.kind = 'visit'
  AND visit.state NOT IN ('booked', 'arrived', 'fulfilled', 'cancelled', 'no_show')
