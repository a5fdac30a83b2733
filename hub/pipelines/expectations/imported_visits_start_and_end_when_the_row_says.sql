-- On a clock at the location a visit starts and ends at what its row says, but for times which a clock change skipped.
-- Read from the rows' own text in PostgreSQL, by another path than the import. Visits that the hub itself changed since
-- are left out.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state = 'loaded'
), written AS (
    SELECT visit.id, visit.start, visit."end", coalesce(location.zone, :'zone') AS zone,
        CASE
            WHEN btrim(payload ->> 'Date') ~ '^\d\d\d\d-\d\d-\d\d$' THEN to_date(payload ->> 'Date', 'YYYY-MM-DD')
            WHEN btrim(payload ->> 'Date') ~ '^\d\d?/\d\d?/\d\d\d\d$' THEN to_date(payload ->> 'Date', 'MM/DD/YYYY')
            WHEN btrim(payload ->> 'Date') ~ '^\d\d?-\D\D\D-\d\d\d\d$' THEN to_date(payload ->> 'Date', 'DD-Mon-YYYY')
        END AS day,
        CASE WHEN payload ->> 'Start' ~* '^\s*\d\d?:\d\d\s*([ap]m)?\s*$' THEN (payload ->> 'Start')::time END AS starts,
        CASE WHEN payload ->> 'End' ~* '^\s*\d\d?:\d\d\s*([ap]m)?\s*$' THEN (payload ->> 'End')::time END AS ends
    FROM source_link AS link
    JOIN source_record AS record ON record.id = link.source_record_id
    JOIN visit ON visit.id = link.canonical_id
    JOIN import ON import.finished_at = visit.updated_at
    LEFT JOIN location ON location.id = visit.location_id
    WHERE link.system = :'system' AND link.kind = 'visit'
), said AS (
    SELECT id, start, "end", zone, day + starts AS start_local, day + ends AS end_local FROM written
)
SELECT id AS visit_id
FROM said
WHERE (
    start AT TIME ZONE zone <> start_local
    AND (start_local AT TIME ZONE zone) AT TIME ZONE zone = start_local
) OR (
    "end" AT TIME ZONE zone <> end_local
    AND (end_local AT TIME ZONE zone) AT TIME ZONE zone = end_local
)
