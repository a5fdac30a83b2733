-- Among the visits that nobody contests, no two have the same patient, provider or room at once.
WITH busy AS (
    SELECT visit.id, visit.start, visit."end", taken.who
    FROM visit
    CROSS JOIN LATERAL (
        VALUES ('patient ' || visit.patient_id), ('provider ' || visit.provider_id), ('room ' || visit.room_id)
    ) AS taken (who)
    WHERE visit.origin = :'system'
      AND NOT visit.contested
      AND visit.state IN ('booked', 'arrived', 'fulfilled')
      AND taken.who IS NOT NULL
), with_the_ones_before AS (
    SELECT id, start, max("end") OVER (
        PARTITION BY who ORDER BY start, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS taken_until
    FROM busy
)
SELECT DISTINCT id AS visit_id FROM with_the_ones_before WHERE start < taken_until
