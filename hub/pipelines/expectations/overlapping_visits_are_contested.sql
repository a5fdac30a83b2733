-- Among the visits that nobody contests and no list of inherited conflicts names, no two have the same patient, provider
-- or room at once. Left out: resources that are there several times, and visits that the hub itself changed since.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state IN ('loaded', 'superseded')
), listed AS (
    SELECT first_id AS id FROM history_conflict WHERE system = :'system'
    UNION SELECT second_id FROM history_conflict WHERE system = :'system'
), busy AS (
    SELECT visit.id, visit.start, visit."end", taken.kind, taken.who
    FROM visit
    JOIN import ON import.finished_at = visit.updated_at
    LEFT JOIN listed ON listed.id = visit.id
    CROSS JOIN LATERAL (
        VALUES ('patient', visit.patient_id), ('resource', visit.provider_id), ('resource', visit.room_id)
    ) AS taken (kind, who)
    WHERE visit.origin = :'system'
      AND NOT visit.contested
      AND listed.id IS NULL
      AND visit.state IN ('booked', 'arrived', 'fulfilled')
      AND taken.who IS NOT NULL
      AND NOT EXISTS (SELECT FROM resource_unit AS unit WHERE unit.owner_id = taken.who AND unit.number > 1)
), with_the_ones_before AS (
    SELECT id, start, max("end") OVER (
        PARTITION BY who, kind ORDER BY start, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS taken_until
    FROM busy
)
SELECT DISTINCT id AS visit_id FROM with_the_ones_before WHERE start < taken_until
