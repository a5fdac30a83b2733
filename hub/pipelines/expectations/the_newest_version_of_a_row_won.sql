-- Of several versions of a row that could be taken, the visit stands as the last modified one says.
WITH several AS MATERIALIZED (
    SELECT source_key FROM current_disposition
    WHERE system = :'system' AND verdict IN ('loaded', 'merged') GROUP BY source_key HAVING count(*) > 1
), taken AS (
    SELECT record.source_id, max(:visit_modified) AS newest
    FROM current_disposition AS verdict
    JOIN several USING (source_key)
    JOIN source_record AS record ON record.id = verdict.source_record_id
    WHERE verdict.system = :'system'
      AND verdict.verdict IN ('loaded', 'merged')
      AND record.system = :'system'
      AND record.kind = 'visit'
    GROUP BY record.source_id
)
SELECT taken.source_id
FROM taken
JOIN source_link AS link
  ON link.system = :'system' AND link.kind = 'visit' AND link.source_id = taken.source_id
JOIN source_record AS record
  ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
WHERE taken.newest > :visit_modified
