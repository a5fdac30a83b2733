-- Whatever the source's words for a status mean, the same word means the same state on every row.
SELECT lower(btrim(record.payload ->> 'Status')) AS word
FROM source_link AS link
JOIN source_record AS record ON record.id = link.source_record_id
JOIN visit ON visit.id = link.canonical_id AND visit.source_record_id = record.id
WHERE link.system = :'system'
  AND link.kind = 'visit'
GROUP BY 1
HAVING count(DISTINCT visit.state) > 1
