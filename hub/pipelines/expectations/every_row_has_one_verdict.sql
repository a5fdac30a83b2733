-- Loaded, merged, quarantined and waiting add up to the rows that were read, file by file; rows that only land are not
-- judged yet, and those of a batch that was taken back wait for the next run.
WITH batch AS (
    SELECT id, counts FROM import_batch
    WHERE system = :'system' AND stage = 'import' AND state = 'loaded' ORDER BY id DESC LIMIT 1
), read AS (
    SELECT batch.id AS batch_id, left(key, -length('.rows')) AS file,
        value::bigint - (batch.counts ->> (left(key, -length('.rows')) || '.landed'))::bigint AS rows
    FROM batch CROSS JOIN LATERAL jsonb_each_text(batch.counts)
    WHERE key LIKE '%.rows'
), judged AS (
    SELECT DISTINCT kind FROM import_batch
    WHERE system = :'system' AND stage = 'load' AND state IN ('loaded', 'reversed')
), landed AS (
    SELECT landed_row.file, landed_row.line
    FROM import_batch AS landing
    JOIN judged ON judged.kind = landing.kind
    JOIN landed_row ON landed_row.batch_id = landing.id
    WHERE landing.system = :'system' AND landing.stage = 'land' AND landing.state = 'loaded'
), verdict AS (
    SELECT disposition.file, disposition.line
    FROM disposition
    JOIN import_batch AS load ON load.id = disposition.batch_id
    WHERE load.system = :'system' AND load.stage IN ('load', 'correct') AND load.state = 'loaded'
    GROUP BY disposition.file, disposition.line, load.stage
    HAVING count(*) = 1 OR load.stage = 'correct'
)
SELECT read.file, NULL::int AS line, read.rows, count(verdict.id) AS verdicts
FROM read
LEFT JOIN disposition AS verdict ON verdict.batch_id = read.batch_id AND verdict.file = read.file
GROUP BY read.file, read.rows
HAVING count(verdict.id) <> read.rows
UNION ALL
SELECT landed.file, landed.line, 1, NULL
FROM landed
LEFT JOIN verdict ON verdict.file = landed.file AND verdict.line = landed.line
WHERE verdict.line IS NULL
