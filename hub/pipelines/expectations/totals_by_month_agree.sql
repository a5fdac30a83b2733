-- As many visits stand in each month as rows of that month were loaded. The months are read from the rows' own text.
WITH loaded AS (
    SELECT CASE
        WHEN btrim(payload ->> 'Date') ~ '^\d\d\d\d-\d\d-\d\d$' THEN to_date(payload ->> 'Date', 'YYYY-MM-DD')
        WHEN btrim(payload ->> 'Date') ~ '^\d\d?/\d\d?/\d\d\d\d$' THEN to_date(payload ->> 'Date', 'MM/DD/YYYY')
    END AS day
    FROM disposition AS verdict
    JOIN source_record AS record ON record.id = verdict.source_record_id
    WHERE verdict.batch_id = (
        SELECT id FROM import_batch WHERE system = :'system' AND state = 'loaded' ORDER BY id DESC LIMIT 1
    )
      AND verdict.verdict = 'loaded'
      AND record.kind = 'visit'
), standing AS (
    SELECT visit.start AT TIME ZONE coalesce(location.zone, :'zone') AS day
    FROM visit
    LEFT JOIN location ON location.id = visit.location_id
    WHERE visit.origin = :'system'
), said AS (
    SELECT to_char(day, 'YYYY-MM') AS month, count(*) AS visits FROM loaded GROUP BY 1
), found AS (
    SELECT to_char(day, 'YYYY-MM') AS month, count(*) AS visits FROM standing GROUP BY 1
)
SELECT month, said.visits AS said, found.visits AS found
FROM said
FULL JOIN found USING (month)
WHERE said.visits IS DISTINCT FROM found.visits
