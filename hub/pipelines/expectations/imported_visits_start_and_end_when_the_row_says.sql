-- On a clock at the location a visit starts and ends at what its row says, but for times which a clock change skipped.
-- Read from the rows' own text in PostgreSQL, by another path than the import. Visits that the hub itself changed since
-- are left out.
WITH start_day AS MATERIALIZED (
    SELECT said, :visit_start_date_read AS day FROM (SELECT DISTINCT visit_start_date_text AS said FROM :landed_visit) AS told
), start_clock AS MATERIALIZED (
    SELECT said, :visit_start_time_read AS clock
    FROM (SELECT DISTINCT visit_start_time_text AS said FROM :landed_visit) AS told
), end_day AS MATERIALIZED (
    SELECT said, :visit_end_date_read AS day FROM (SELECT DISTINCT visit_end_date_text AS said FROM :landed_visit) AS told
), end_clock AS MATERIALIZED (
    SELECT said, :visit_end_time_read AS clock FROM (SELECT DISTINCT visit_end_time_text AS said FROM :landed_visit) AS told
), said AS (
    SELECT landed.id, landed.start, landed."end", landed.zone, start_day.day + start_clock.clock AS start_local,
        end_day.day + end_clock.clock AS end_local
    FROM :landed_visit AS landed
    JOIN start_day ON start_day.said = landed.visit_start_date_text
    JOIN start_clock ON start_clock.said = landed.visit_start_time_text
    JOIN end_day ON end_day.said = landed.visit_end_date_text
    JOIN end_clock ON end_clock.said = landed.visit_end_time_text
    WHERE landed.id IS NOT NULL AND NOT landed.is_changed
)
SELECT id AS visit_id
FROM said
WHERE start_local IS NULL OR end_local IS NULL OR (
    start AT TIME ZONE zone <> start_local
    AND (start_local AT TIME ZONE zone) AT TIME ZONE zone = start_local
) OR (
    "end" AT TIME ZONE zone <> end_local
    AND (end_local AT TIME ZONE zone) AT TIME ZONE zone = end_local
)
