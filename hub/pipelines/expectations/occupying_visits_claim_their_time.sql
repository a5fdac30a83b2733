-- A visit that occupies time claims its patient, provider and room from start to end; one that was cancelled or missed
-- claims nothing, nor does one that was over when its history was moved (who is booked or arrived is not over). Visits
-- that the hub itself changed since are left out.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state IN ('loaded', 'superseded')
), imported AS (
    SELECT visit.*, visit.state IN ('booked', 'arrived', 'fulfilled') AS occupies
    FROM visit
    JOIN import ON import.finished_at = visit.updated_at
    LEFT JOIN migration ON migration.system = :'system'
    WHERE visit.origin = :'system'
      AND (migration.today IS NULL OR visit.state IN ('booked', 'arrived') OR visit."end" > migration.today::timestamp AT TIME ZONE migration.zone)
)
SELECT id AS visit_id
FROM imported
WHERE NOT occupies AND EXISTS (SELECT FROM claim WHERE claim.visit_id = imported.id)
UNION ALL
SELECT imported.id
FROM imported
CROSS JOIN LATERAL (
    VALUES ('patient', imported.patient_id), ('resource', imported.provider_id), ('resource', imported.room_id)
) AS needed (owner_kind, owner_id)
LEFT JOIN (
    claim JOIN resource_unit AS unit ON unit.id = claim.unit_id
) ON claim.visit_id = imported.id
  AND unit.owner_kind = needed.owner_kind
  AND unit.owner_id = needed.owner_id
  AND claim.during = tstzrange(imported.start, imported."end")
WHERE imported.occupies AND needed.owner_id IS NOT NULL AND claim.id IS NULL
