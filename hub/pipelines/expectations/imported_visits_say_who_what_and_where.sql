-- A visit that was loaded has its patient, its service and its location.
SELECT visit.id AS visit_id
FROM source_link AS link
JOIN visit ON visit.id = link.canonical_id
LEFT JOIN patient ON patient.id = visit.patient_id
LEFT JOIN service ON service.id = visit.service_id
LEFT JOIN location ON location.id = visit.location_id
WHERE link.system = :'system'
  AND link.kind = 'visit'
  AND (patient.id IS NULL OR service.id IS NULL OR location.id IS NULL)
