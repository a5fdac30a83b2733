-- On a clock at the location a visit starts and ends at what its row says, but for times which a clock change skipped.
-- Read from the rows' own text in PostgreSQL, by another path than the import. Visits that the hub itself changed since
-- are left out.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state IN ('loaded', 'superseded')
), said AS (
    SELECT visit.id, visit.start, visit."end", coalesce(location.zone, :'zone') AS zone,
        :visit_start AS start_local, :visit_end AS end_local
    FROM source_link AS link
    JOIN source_record AS record ON record.id = link.source_record_id
    JOIN visit ON visit.id = link.canonical_id
    JOIN import ON import.finished_at = visit.updated_at
    LEFT JOIN location ON location.id = visit.location_id
    WHERE link.system = :'system' AND link.kind = 'visit'
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
