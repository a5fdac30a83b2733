-- The newest import of the system was loaded to its end.
SELECT 'no import was loaded to its end' AS finding
WHERE (
    SELECT state FROM import_batch WHERE system = :'system' AND state <> 'reversed' ORDER BY id DESC LIMIT 1
) IS DISTINCT FROM 'loaded'
