-- Of several versions of a row that could be taken, the visit stands as the last modified one says.
WITH several AS MATERIALIZED (
    SELECT source_id FROM source_record
    WHERE system = :'system' AND kind = 'visit' GROUP BY source_id HAVING count(*) > 1
), version AS MATERIALIZED (
    SELECT record.id, record.source_id, :visit_modified AS modified
    FROM source_record AS record
    JOIN several USING (source_id)
    WHERE record.system = :'system' AND record.kind = 'visit'
), taken AS (
    SELECT version.source_id, max(version.modified) AS newest
    FROM current_disposition AS verdict
    JOIN version ON version.id = verdict.source_record_id
    WHERE verdict.system = :'system' AND verdict.verdict IN ('loaded', 'merged')
    GROUP BY version.source_id
)
SELECT taken.source_id
FROM taken
JOIN source_link AS link
  ON link.system = :'system' AND link.kind = 'visit' AND link.source_id = taken.source_id
JOIN version ON version.id = link.source_record_id
WHERE taken.newest > version.modified
