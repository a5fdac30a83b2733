-- The last attempt to take the history in came to its end.
SELECT 'no attempt came to its end' AS finding
WHERE (
    SELECT state FROM import_batch
    WHERE system = :'system' AND state NOT IN ('reversed', 'superseded') ORDER BY id DESC LIMIT 1
) IS DISTINCT FROM 'loaded'
