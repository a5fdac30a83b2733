-- Of several versions of a row that could be taken, the visit stands as the last modified one says.
SELECT link.source_id
FROM source_link AS link
JOIN source_record AS kept ON kept.id = link.source_record_id
WHERE link.system = :'system'
  AND link.kind = 'visit'
  AND EXISTS (
    SELECT
    FROM source_record AS other
    JOIN disposition AS verdict ON verdict.source_record_id = other.id AND verdict.verdict IN ('loaded', 'merged')
    WHERE other.system = link.system
      AND other.kind = link.kind
      AND other.source_id = link.source_id
      AND other.payload ->> 'Modified' > kept.payload ->> 'Modified'
  )
