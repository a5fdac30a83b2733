-- Telephone numbers are E.164 and addresses of e-mail lower case, or absent.
SELECT patient.id AS patient_id
FROM source_link AS link
JOIN patient ON patient.id = link.canonical_id
WHERE link.system = :'system'
  AND link.kind = 'patient'
  AND (
    length(patient.phone) NOT BETWEEN 8 AND 16
    OR patient.phone !~ '^\+[1-9][0-9]+$'
    OR patient.email <> lower(patient.email)
    OR patient.email !~ '^[^@\s]+@[^@\s]+$'
  )
