-- As many visits stand in each month as rows of that month are linked to one. The months are read from the rows' own text.
-- Visits that the hub itself changed since are left out on both sides.
WITH import AS (
    SELECT DISTINCT finished_at FROM import_batch WHERE system = :'system' AND state = 'loaded'
), linked AS (
    SELECT CASE
        WHEN btrim(payload ->> 'Date') ~ '^\d\d\d\d-\d\d-\d\d$' THEN to_date(payload ->> 'Date', 'YYYY-MM-DD')
        WHEN btrim(payload ->> 'Date') ~ '^\d\d?/\d\d?/\d\d\d\d$' THEN to_date(payload ->> 'Date', 'MM/DD/YYYY')
        WHEN btrim(payload ->> 'Date') ~ '^\d\d?-\D\D\D-\d\d\d\d$' THEN to_date(payload ->> 'Date', 'DD-Mon-YYYY')
    END AS day
    FROM source_link AS link
    JOIN source_record AS record ON record.id = link.source_record_id
    LEFT JOIN visit ON visit.id = link.canonical_id
    LEFT JOIN import ON import.finished_at = visit.updated_at
    WHERE link.system = :'system'
      AND link.kind = 'visit'
      AND (visit.id IS NULL OR import.finished_at IS NOT NULL)
), standing AS (
    SELECT visit.start AT TIME ZONE coalesce(location.zone, :'zone') AS day
    FROM visit
    JOIN import ON import.finished_at = visit.updated_at
    LEFT JOIN location ON location.id = visit.location_id
    WHERE visit.origin = :'system'
), said AS (
    SELECT to_char(day, 'YYYY-MM') AS month, count(*) AS visits FROM linked GROUP BY 1
), found AS (
    SELECT to_char(day, 'YYYY-MM') AS month, count(*) AS visits FROM standing GROUP BY 1
)
SELECT month, said.visits AS said, found.visits AS found
FROM said
FULL JOIN found USING (month)
WHERE said.visits IS DISTINCT FROM found.visits
