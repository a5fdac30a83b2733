-- A visit that occupies time claims its patient, provider and room from start to end; one that was cancelled or missed
-- claims nothing.
WITH imported AS (
    SELECT visit.*, visit.state IN ('booked', 'arrived', 'fulfilled') AS occupies
    FROM source_link AS link
    JOIN visit ON visit.id = link.canonical_id
    WHERE link.system = :'system' AND link.kind = 'visit'
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
LEFT JOIN resource_unit AS unit ON unit.owner_kind = needed.owner_kind AND unit.owner_id = needed.owner_id
LEFT JOIN claim
  ON claim.unit_id = unit.id
  AND claim.visit_id = imported.id
  AND claim.during = tstzrange(imported.start, imported."end")
WHERE imported.occupies AND needed.owner_id IS NOT NULL
GROUP BY imported.id, needed.owner_kind, needed.owner_id
HAVING count(claim.id) = 0
