-- Patients were born after 1900 and before they were registered.
SELECT patient.id AS patient_id
FROM source_link AS link
JOIN patient ON patient.id = link.canonical_id
WHERE link.system = :'system'
  AND link.kind = 'patient'
  AND (
    patient.born_on < date '1900-01-01'
    OR patient.born_on > coalesce(patient.registered_on, patient.created_at::date)
  )
