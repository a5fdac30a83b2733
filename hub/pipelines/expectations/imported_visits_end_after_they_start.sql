-- A visit ends after it starts, and within a day.
SELECT visit.id AS visit_id
FROM source_link AS link
JOIN visit ON visit.id = link.canonical_id
WHERE link.system = :'system'
  AND link.kind = 'visit'
  AND (visit."end" <= visit.start OR visit."end" > visit.start + interval '24 hours')
