-- Loaded, merged and quarantined add up to the rows that were read, file by file.
SELECT read.file, read.rows, count(verdict.id) AS verdicts
FROM (
    SELECT id, counts FROM import_batch WHERE system = :'system' AND state = 'loaded' ORDER BY id DESC LIMIT 1
) AS batch
CROSS JOIN LATERAL (
    SELECT key AS file, (value ->> 'read')::bigint AS rows FROM jsonb_each(batch.counts)
) AS read
LEFT JOIN disposition AS verdict ON verdict.batch_id = batch.id AND verdict.file = read.file
GROUP BY read.file, read.rows
HAVING count(verdict.id) IS DISTINCT FROM read.rows
