-- As many visits stand in each month as rows of that month were loaded. The months are read from the rows' own text.
-- Visits that the hub itself changed since are left out on both sides.
WITH batch AS (
    SELECT id, finished_at FROM import_batch WHERE system = :'system' AND state = 'loaded' ORDER BY id DESC LIMIT 1
), loaded AS (
    SELECT CASE
        WHEN btrim(payload ->> 'Date') ~ '^\d\d\d\d-\d\d-\d\d$' THEN to_date(payload ->> 'Date', 'YYYY-MM-DD')
        WHEN btrim(payload ->> 'Date') ~ '^\d\d?/\d\d?/\d\d\d\d$' THEN to_date(payload ->> 'Date', 'MM/DD/YYYY')
        WHEN btrim(payload ->> 'Date') ~ '^\d\d?-\D\D\D-\d\d\d\d$' THEN to_date(payload ->> 'Date', 'DD-Mon-YYYY')
    END AS day
    FROM batch
    JOIN disposition AS verdict ON verdict.batch_id = batch.id AND verdict.verdict = 'loaded'
    JOIN source_record AS record ON record.id = verdict.source_record_id AND record.kind = 'visit'
    LEFT JOIN visit ON visit.id = verdict.canonical_id
    WHERE visit.updated_at IS NULL OR visit.updated_at <= batch.finished_at
), standing AS (
    SELECT visit.start AT TIME ZONE coalesce(location.zone, :'zone') AS day
    FROM batch
    JOIN visit ON visit.origin = :'system' AND visit.updated_at <= batch.finished_at
    LEFT JOIN location ON location.id = visit.location_id
), said AS (
    SELECT to_char(day, 'YYYY-MM') AS month, count(*) AS visits FROM loaded GROUP BY 1
), found AS (
    SELECT to_char(day, 'YYYY-MM') AS month, count(*) AS visits FROM standing GROUP BY 1
)
SELECT month, said.visits AS said, found.visits AS found
FROM said
FULL JOIN found USING (month)
WHERE said.visits IS DISTINCT FROM found.visits
