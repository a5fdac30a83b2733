-- Loaded, merged and quarantined add up to the rows that were read, file by file; rows that only land are not judged yet.
WITH batch AS (
    SELECT id, counts FROM import_batch WHERE system = :'system' AND state = 'loaded' ORDER BY id DESC LIMIT 1
), read AS (
    SELECT batch.id AS batch_id, left(key, -length('.rows')) AS file,
        value::bigint - (batch.counts ->> (left(key, -length('.rows')) || '.landed'))::bigint AS rows
    FROM batch CROSS JOIN LATERAL jsonb_each_text(batch.counts)
    WHERE key LIKE '%.rows'
)
SELECT read.file, read.rows, count(verdict.id) AS verdicts
FROM read
LEFT JOIN disposition AS verdict ON verdict.batch_id = read.batch_id AND verdict.file = read.file
GROUP BY read.file, read.rows
HAVING count(verdict.id) <> read.rows
