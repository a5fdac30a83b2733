-- Of every lot that came from the source as much was brought into the ledger as its row says, and it expires when that says.
-- Lots of which the hub had kept the ledger before are counted by the hub.
WITH brought AS (
    SELECT lot_id, sum(change) AS units FROM lot_movement WHERE actor = 'import:' || :'system' GROUP BY 1
)
SELECT lot.id AS lot_id
FROM source_link AS link
JOIN source_record AS record
  ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
JOIN lot ON lot.record_id = link.canonical_id
JOIN brought ON brought.lot_id = lot.id
WHERE link.system = :'system'
  AND link.kind = 'lot'
  AND (
    :lot_on_hand <> brought.units
    OR lot.expires_on <> :lot_expires_on
    OR lot.unit <> :lot_unit
  )
