-- Units that were on hand of each product's lots when they came, to a unit; that each lot agrees to the fraction is asked
-- beside it. Lots of which the hub had kept the ledger before are counted by the hub.
WITH brought AS (
    SELECT lot_id, sum(change) AS units FROM lot_movement WHERE actor = 'import:' || :'system' GROUP BY 1
), linked AS (
    SELECT lot.product_id, :lot_on_hand AS said, brought.units AS found
    FROM source_link AS link
    JOIN source_record AS record
      ON record.id = link.source_record_id AND record.system = link.system AND record.kind = link.kind
    LEFT JOIN lot ON lot.record_id = link.canonical_id
    LEFT JOIN brought ON brought.lot_id = lot.id
    WHERE link.system = :'system' AND link.kind = 'lot' AND (lot.id IS NULL OR brought.lot_id IS NOT NULL)
)
SELECT side, 'product, units on hand' AS dimension, product_id AS value, coalesce(round(sum(units)), 0) AS number,
    NULL::bigint AS minor
FROM linked
CROSS JOIN LATERAL (VALUES ('said', said), ('found', found)) AS of (side, units)
GROUP BY side, product_id
