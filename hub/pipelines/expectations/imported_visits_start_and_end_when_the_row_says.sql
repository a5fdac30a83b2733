-- On a clock at the location a visit starts and ends at what its row says, but for times which a clock change skipped.
-- Read from the rows' own text in PostgreSQL, by another path than the import. Visits that the hub itself changed since
-- are left out.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state IN ('loaded', 'superseded')
), landed AS MATERIALIZED (
    SELECT visit.id, visit.start, visit."end", coalesce(location.zone, :'zone') AS zone,
        coalesce(:visit_start_date_text, '') AS start_day, coalesce(:visit_start_time_text, '') AS start_clock,
        coalesce(:visit_end_date_text, '') AS end_day, coalesce(:visit_end_time_text, '') AS end_clock
    FROM source_link AS link
    JOIN source_record AS record
      ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
    JOIN visit ON visit.id = link.canonical_id
    JOIN import ON import.finished_at = visit.updated_at
    LEFT JOIN location ON location.id = visit.location_id
    WHERE link.system = :'system' AND link.kind = 'visit'
), start_day AS MATERIALIZED (
    SELECT said, :visit_start_date_read AS day FROM (SELECT DISTINCT start_day AS said FROM landed) AS told
), start_clock AS MATERIALIZED (
    SELECT said, :visit_start_time_read AS clock FROM (SELECT DISTINCT start_clock AS said FROM landed) AS told
), end_day AS MATERIALIZED (
    SELECT said, :visit_end_date_read AS day FROM (SELECT DISTINCT end_day AS said FROM landed) AS told
), end_clock AS MATERIALIZED (
    SELECT said, :visit_end_time_read AS clock FROM (SELECT DISTINCT end_clock AS said FROM landed) AS told
), said AS (
    SELECT landed.*, start_day.day + start_clock.clock AS start_local, end_day.day + end_clock.clock AS end_local
    FROM landed
    JOIN start_day ON start_day.said = landed.start_day
    JOIN start_clock ON start_clock.said = landed.start_clock
    JOIN end_day ON end_day.said = landed.end_day
    JOIN end_clock ON end_clock.said = landed.end_clock
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
